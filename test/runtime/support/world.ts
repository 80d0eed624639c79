/**
 * A small laboratory for engine tests: runs targets against a cache in a temporary folder and says what ran. Code
 * digests are given by the test, so that nothing depends on how a test runner rewrites call stacks.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach } from "vitest"
import * as CacheStore from "../../../cache/Store.ts"
import { Code } from "../../../runtime/Code.ts"
import * as Control from "../../../runtime/Control.ts"
import type { AnyRef } from "../../../runtime/Ref.ts"
import * as Engine from "../../../runtime/Engine.ts"
import { Emit, type Event } from "../../../runtime/Event.ts"
import type { Arm } from "../../../runtime/Experiment.ts"
import * as Node from "../../../runtime/Node.ts"
import { ProjectRoot } from "../../../runtime/Place.ts"
import * as Plan from "../../../runtime/Plan.ts"
import * as Session from "../../../runtime/Session.ts"
import * as Type from "../../../runtime/Type.ts"
import { ran } from "../../support/whatRan.ts"

const folders: Array<string> = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

export interface LabOptions {
  readonly layer?: Layer.Layer<any>
  /** Code digest by node name; a name that is not there has the digest "1". */
  readonly code?: { readonly [node: string]: string }
  readonly arms?: ReadonlyArray<Arm>
  readonly forced?: ReadonlyArray<string>
  readonly stale?: "ask" | "rerun"
  readonly keepGoing?: boolean
  /** Ctrl-C comes with the first event of which this is true. */
  readonly interruptAt?: (event: Event) => boolean
}

type Targets = { readonly [name: string]: AnyRef }

export interface Ran {
  /** Labels of the nodes that ran, sorted. */
  readonly ran: ReadonlyArray<string>
  readonly summary: Engine.Summary
  readonly events: ReadonlyArray<Event>
  /** Decoded cells of a table target by column. */
  readonly table: (target: string) => { readonly [column: string]: ReadonlyArray<any> }
  readonly value: (target: string) => any
}

/** What an experiment has whose nodes do not matter: it must have one. */
const anything: Targets = {
  anything: Node.make({ name: "anything", inputs: {}, output: Type.value("anything", Schema.Int), run: () => 1 })({})
}

/** A cache of its own, and the means to run and plan against it. */
export const laboratory = () => {
  const root = mkdtempSync(join(tmpdir(), "sinternal-"))
  folders.push(root)

  const session = <A>(
    targets: Targets,
    options: LabOptions,
    use: (session: Session.Session) => Effect.Effect<A, any, any>
  ) => {
    const events: Array<Event> = []
    const code = Code.of({
      ofNode: (definition) => Effect.succeed(options.code?.[definition.name] ?? "1"),
      ofExport: (ref) => Effect.succeed(options.code?.[ref.name] ?? "1"),
      edited: () => [],
      partsOf: (
        definition
      ) => [{ at: `${definition.name}.ts:1`, name: definition.name, hash: options.code?.[definition.name] ?? "1" }]
    })
    const program = Effect.gen(function*() {
      const control = yield* Control.make({})
      const emit = (event: Event) => {
        events.push(event)
        if (options.interruptAt?.(event) === true) control.stop({ reason: "interrupted", text: "interrupted" })
      }
      const connected = Session.connect("lab", {
        arms: options.arms ?? [{ point: {}, targets }],
        collected: options.arms === undefined ? {} : targets,
        layer: (options.layer ?? Layer.empty) as Layer.Layer<any>,
        settings: [],
        swapped: []
      }, { file: "lab.ts", forced: options.forced ?? [] })
      return yield* Effect.flatMap(connected, use).pipe(
        Effect.provideService(Emit, emit),
        Effect.provideService(Control.Control, control)
      )
    }).pipe(
      Effect.provideService(Code, code),
      Effect.provide(Layer.merge(CacheStore.layer(join(root, "cache")), Layer.succeed(ProjectRoot, root))),
      Effect.scoped
    ) as Effect.Effect<A, any>
    return { program, events }
  }

  const run = async (targets: Targets, options: LabOptions = {}): Promise<Ran> => {
    const read = new Map<string, unknown>()
    const { events, program } = session(targets, options, (opened) =>
      Effect.gen(function*() {
        const store = yield* CacheStore.Store
        const summary = yield* Engine.run({
          ...opened.plan,
          countRows: false,
          experiment: opened.experiment,
          stale: options.stale ?? "ask",
          keepGoing: options.keepGoing ?? false,
          record: {}
        })
        for (const { name, vertex } of opened.plan.graph.targets) {
          const manifest = summary.knowns.get(vertex.index)?.manifest
          if (manifest?.kind === "table") read.set(name, yield* store.readTable(manifest))
          if (manifest?.kind === "value") read.set(name, yield* store.readValue(manifest))
        }
        return summary
      }))
    const summary = await Effect.runPromise(program)
    return {
      ran: [...ran(events)].sort(),
      summary,
      events,
      table: (target) => read.get(target) as any,
      value: (target) => read.get(target)
    }
  }

  const plan = (targets: Targets, options: LabOptions = {}): Promise<Plan.Plan> =>
    Effect.runPromise(session(targets, options, (opened) => Plan.make({ ...opened.plan, countRows: true })).program)

  /** The error a run or plan fails with before anything ran. */
  const refusal = (targets: Targets, options: LabOptions = {}): Promise<any> =>
    run(targets, options).then(
      () => undefined,
      (error: unknown) => error
    )

  /** Whatever is asked of the cache and of the experiment as they are now. */
  const within = <A>(
    targets: Targets,
    options: LabOptions,
    use: (session: Session.Session) => Effect.Effect<A, any, any>
  ): Promise<A> =>
    Effect.runPromise(session(Object.keys(targets).length === 0 ? anything : targets, options, use).program)

  return { root, run, plan, refusal, within }
}
