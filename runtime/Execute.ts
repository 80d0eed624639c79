/**
 * Executes one stale vertex: runs its body, checks and stores what it returns, and records the action that makes it fresh.
 * What the body receives is in `Inputs.ts`, rows are the row engine's, who runs when and after which failure the engine's.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { fromManifest, queryInto } from "../cache/Duck.ts"
import type { Action, Manifest, TableManifest } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import { failureWithin, type StoreFailed } from "../cache/StoreFailed.ts"
import { attempts, type Retried } from "./Attempts.ts"
import { bodyEffect } from "./bodyEffect.ts"
import { Control, Stopped } from "./Control.ts"
import {
  type AnyTable,
  type LentFolder,
  type MakeDefinition,
  type NodeDefinition,
  portsOf,
  rowsPort,
  type SqlDefinition
} from "./Definition.ts"
import { NodeFailed, type SourceFailed } from "./Error.ts"
import { Emit, type RowCounts, type Stop } from "./Event.ts"
import { asNodeFailed, lostIn } from "./failure.ts"
import type { Vertex } from "./Graph.ts"
import { host } from "./host.ts"
import { received, sideOf } from "./Inputs.ts"
import { nodeSeed } from "./Key.ts"
import { monotonicMs } from "./monotonicMs.ts"
import * as Progress from "./Progress.ts"
import type { Known, Resolved } from "./Resolver.ts"
import { RowRun, type RowRunOptions, type RowsDone } from "./RowEngine.ts"
import { storedAction } from "./storedAction.ts"
import * as TableOutput from "./TableOutput.ts"
import * as Usage from "./Usage.ts"
import type { StoredParts } from "./Why.ts"

export interface Executed {
  readonly known: Known
  readonly action: Action
  readonly counts: RowCounts | undefined
  readonly nondeterministic: boolean
  /** Another run finished it while this one was about to. */
  readonly shared: boolean
  /** Completes when the result is on the disk; it can be read before. */
  readonly durable: Effect.Effect<void, StoreFailed>
}

export interface ExecuteOptions {
  readonly run: string
  readonly services: Context.Context<never>
  readonly storedParts: (vertex: Vertex, parts: Resolved["parts"]) => StoredParts
  readonly forced: ReadonlySet<string>
  /** The row run of a row node: one that has been reading ahead, or a new one. */
  readonly openRows?: OpenRows
}

export type OpenRows = (
  vertex: Vertex,
  parts: Resolved["parts"],
  side: { readonly [port: string]: unknown },
  options: RowRunOptions
) => Effect.Effect<RowRun, StoreFailed, Store | Scope.Scope>

export type ExecuteError = NodeFailed | SourceFailed | StoreFailed | Stopped

const runMake = Effect.fnUntraced(function*(vertex: Vertex, key: string, inputs: { readonly [port: string]: unknown }) {
  const store = yield* Store
  const definition = vertex.definition as MakeDefinition
  const dir = definition.output.kind === "artifact" ? yield* store.workFolder(key) : ""
  const context = {
    params: vertex.params,
    dir,
    ...(definition.seeded ? { seed: nodeSeed(vertex.seed!, definition.name) } : {})
  }
  const body = Effect.suspend(() => {
    const made = definition.run(inputs, context)
    return bodyEffect(made)
  })
  // a body that writes into its folder writes into the cache: what the disk says is told as the cache tells it
  const written = yield* Effect.catchCause(body, (cause) => {
    const failure = Cause.hasInterruptsOnly(cause)
      ? undefined
      : failureWithin("write a result", store.root, Cause.squash(cause))
    return failure === undefined ? Effect.failCause(cause) : Effect.fail(failure)
  })
  if (definition.output.kind === "artifact") return (yield* store.putFolder(dir, { move: true })) as Manifest
  if (definition.output.kind === "value") {
    return yield* store.putValue(Schema.encodeUnknownSync(definition.output.schema)(written))
  }
  const output = yield* TableOutput.open({ label: vertex.label, key, table: definition.output as AnyTable })
  yield* output.pushRows(written as Iterable<unknown>)
  return yield* output.finish
})

const runSql = Effect.fnUntraced(
  function*(vertex: Vertex, resolved: Resolved, knowns: { readonly [port: string]: Known }) {
    const store = yield* Store
    const definition = vertex.definition as SqlDefinition
    const { reads, text } = resolved.statement!
    // a table reaches the statement with the columns in the key and no others: reading another one cannot bind
    const tables = Object.fromEntries(
      Object.keys(definition.inputs).map((port) => {
        const manifest = knowns[port]!.manifest as TableManifest
        const table = fromManifest(store, manifest)
        return [port, { ...table, schema: table.schema.filter((column) => reads[port]?.includes(column.name)) }]
      })
    )
    const output = yield* TableOutput.open({
      label: vertex.label,
      key: resolved.key,
      table: definition.output,
      checkCells: true
    })
    yield* queryInto(text, tables, output.writer, { orderBy: definition.output.id })
    return yield* output.finish
  }
)

const describeFailures = (failures: RowsDone["failures"]): string =>
  failures.slice(0, 3).map(({ first, reason, rows }) =>
    rows === 1 ? `row ${first}: ${reason}` : `${rows} rows, first ${first}: ${reason}`
  ).join("\n    ")

/** Why a row node has no table although the store is well: rows failed, or were not started. */
const incomplete = (label: string, key: string, { counts, failures, left }: RowsDone, stop: Stop | undefined) => {
  if (stop !== undefined && counts.failed === left) {
    return new Stopped({ text: `${stop.text}; ${left} rows of ${label} are left` })
  }
  const finished = counts.ran + counts.fresh
  return new NodeFailed({
    label,
    key,
    reason: `${counts.failed} of ${counts.failed + finished} rows have no result\n    ${describeFailures(failures)}${
      left === 0 ? "" : `\n    ${left} of them were not tried after ${counts.failed - left} failures (--max-failures)`
    }`,
    next: finished === 0
      ? "mend it and run the same command again"
      : `${finished} finished rows are kept; mend it and run the same command again, which does the rest`,
    rows: counts
  })
}

const runRows = Effect.fnUntraced(
  function*(
    vertex: Vertex,
    resolved: Resolved,
    knowns: { readonly [port: string]: Known },
    options: ExecuteOptions
  ) {
    const control = yield* Control
    const services = yield* Effect.context<never>()
    const open = options.openRows ?? RowRun.open
    const rows = yield* open(vertex, resolved.parts, yield* sideOf(vertex, knowns), {
      control,
      services,
      force: options.forced.has(vertex.label)
    })
    const done = yield* rows.over(knowns[rowsPort]!.manifest as TableManifest, resolved.key)
    if (done.manifest === undefined) {
      return yield* incomplete(vertex.label, resolved.key, done, control.stopped())
    }
    return { manifest: done.manifest, counts: done.counts, usage: done.usage }
  }
)

/** What another run made of this key since it was looked up. */
const madeMeanwhile = Effect.fnUntraced(function*({ key }: Resolved) {
  const store = yield* Store
  const action = yield* storedAction(key, { refresh: true })
  if (action === undefined || !(yield* store.holds(action.manifest))) return undefined
  const { manifest } = action
  const counts = action.rows === undefined
    ? undefined
    : { ran: 0, fresh: action.rows.ran + action.rows.reused, failed: 0 }
  return {
    known: { content: manifest.content, manifest },
    action: { ...action, usage: Usage.none },
    counts,
    nondeterministic: false,
    shared: true,
    durable: Effect.void
  } satisfies Executed
})

interface Made {
  readonly manifest: Manifest
  readonly counts?: RowCounts
  readonly usage: Usage.Usage
}

/** Runs the body of a vertex. Its own error arrives as `NodeFailed`, once; a lost input as what the store says. */
const makeResult = (
  vertex: Vertex,
  resolved: Resolved,
  knowns: { readonly [port: string]: Known },
  options: ExecuteOptions
): Effect.Effect<Made, ExecuteError, Store | Scope.Scope> =>
  Effect.gen(function*() {
    const control = yield* Control
    const emit = yield* Emit
    const definition = vertex.definition as NodeDefinition
    const { label } = vertex
    if (definition.kind === "rows") return yield* runRows(vertex, resolved, knowns, options)
    if (definition.kind === "sql") return { manifest: yield* runSql(vertex, resolved, knowns), usage: Usage.none }
    const inputs: { [port: string]: unknown } = {}
    const lent: Array<LentFolder> = []
    for (const [port, type] of Object.entries(portsOf(definition))) {
      inputs[port] = yield* received(type, vertex.inputs[port]!, knowns[port]!, lent)
    }
    let usage = Usage.none
    const collect = (one: Usage.Usage) => {
      usage = Usage.add(usage, one)
      control.spend(one)
    }
    const onRetry = (retried: Retried) => emit({ event: "RowRetried", label, row: "", ...retried })
    const body = attempts(definition, onRetry)(runMake(vertex, resolved.key, inputs))
    const manifest = yield* Effect.provideService(body, Usage.Collector, collect)
    for (const { untouched } of lent) yield* untouched
    return { manifest, usage }
  }).pipe(
    Effect.provideServiceEffect(
      Progress.Report,
      Effect.map(Emit, (emit) => (progress) => emit({ event: "Progress", label: vertex.label, ...progress }))
    ),
    Effect.provide(options.services),
    Effect.catchCause((cause: Cause.Cause<unknown>): Effect.Effect<never, ExecuteError> => {
      const error = Cause.hasInterruptsOnly(cause) ? undefined : Cause.squash(cause)
      if (error instanceof Stopped) return Effect.fail(error)
      const lost = lostIn(cause)
      return lost === undefined ? Effect.failCause(asNodeFailed(vertex.label, resolved.key, cause)) : Effect.fail(lost)
    })
  ) as Effect.Effect<Made, ExecuteError, Store | Scope.Scope>

/**
 * Runs the vertex and publishes its action, unless another run does so first. Of the runs that share a cache, one works
 * on a key at a time; the rows of a row node are claimed one by one instead, so that all runs work on them together. The
 * scope holds the claim: it must not end before the result is durable, or another run would not see it and begin anew.
 */
export const execute = Effect.fnUntraced(
  function*(vertex: Vertex, resolved: Resolved, knowns: { readonly [port: string]: Known }, options: ExecuteOptions) {
    const store = yield* Store
    const emit = yield* Emit
    const { label } = vertex
    const definition = vertex.definition as NodeDefinition
    if (definition.kind !== "rows") {
      const waiting = { event: "NodeWaiting", label, key: resolved.key, for: "another run on this cache" } as const
      yield* store.claim(resolved.key, () => emit(waiting))
    }
    const made = options.forced.has(label) ? undefined : yield* madeMeanwhile(resolved)
    if (made !== undefined) return made
    const startedAt = new Date(yield* Clock.currentTimeMillis).toISOString()
    const startedMs = yield* monotonicMs
    const { counts, manifest, usage } = yield* makeResult(vertex, resolved, knowns, options)
    const action: Action = {
      key: resolved.key,
      node: definition.name,
      label,
      manifest,
      parts: options.storedParts(vertex, resolved.parts),
      startedAt,
      durationMs: Math.round((yield* monotonicMs) - startedMs),
      ...(counts === undefined ? {} : { rows: { ran: counts.ran, reused: counts.fresh, failed: counts.failed } }),
      usage,
      run: options.run,
      host
    }
    const { durable, kept, nondeterministic } = yield* store.putAction(action)
    return {
      known: { content: kept.manifest.content, manifest: kept.manifest },
      action: kept,
      counts,
      nondeterministic,
      shared: false,
      durable
    } satisfies Executed
  }
)
