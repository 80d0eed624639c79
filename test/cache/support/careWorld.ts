/**
 * A cache with a history for the tests of its care: runs whose nodes left large and small results, rows and sources,
 * each made by a session that has ended. Left to the tests: what becomes of them.
 */
import * as Effect from "effect/Effect"
import type { CollectOptions } from "../../../cache/care/collect.ts"
import { collect } from "../../../cache/care/collect.ts"
import type { Knowledge } from "../../../cache/care/Knowledge.ts"
import { type Digest, digestBytes } from "../../../cache/Digest.ts"
import type { RunRecord, ValueManifest } from "../../../cache/Manifest.ts"
import * as Store from "../../../cache/Store.ts"
import type { StoreFailed } from "../../../cache/StoreFailed.ts"
import { presentNodes } from "../../../runtime/history/presentNodes.ts"

interface Parts {
  readonly rowFunction?: Digest
  readonly sources?: ReadonlyArray<Digest>
}

/** Runs end when their record says so, and are held by whom it says. */
export const knowledge: Knowledge = {
  stateOf: ({ finishedAt, state }) => finishedAt !== undefined ? "ended" : state === "unknown" ? "unknown" : "running",
  holderOf: ({ holder }) => typeof holder === "string" ? holder : undefined,
  usesOf: ({ parts }) => ({ rowFunction: (parts as Parts).rowFunction, sources: (parts as Parts).sources ?? [] }),
  presentOf: presentNodes
}

export const dayMs = 86_400_000

/** The tests' present. */
export const nowMs = Date.parse("2026-06-30T00:00:00.000Z")

export const large = (text: string): string => `${text} `.repeat(20_000)

export interface NodeMade {
  readonly label: string
  /** The result: one of more than 32 KiB has a file of its own. */
  readonly value: string
  /** Texts of rows, in the log of the row function of this name. */
  readonly rows?: { readonly of: string; readonly texts: ReadonlyArray<string> }
}

export interface RunMade {
  readonly run: string
  readonly experiment?: string
  /** Days before the present. */
  readonly daysAgo: number
  readonly nodes: ReadonlyArray<NodeMade>
  readonly record?: { readonly [field: string]: unknown }
}

export const rowFunctionOf = (name: string): Digest => digestBytes(`row function ${name}`)
export const rowKeyOf = (text: string): Digest => digestBytes(`row ${text}`)
export const keyOf = ({ label, value }: NodeMade): Digest => digestBytes(`node ${label} ${value}`)

const at = (daysAgo: number): string => new Date(nowMs - daysAgo * dayMs).toISOString()

/** One use of the store in `root` by a process that ends. */
export const inSession = <A, E>(
  root: string,
  use: (store: Store.Store["Service"]) => Effect.Effect<A, E>
): Promise<A> => Effect.runPromise(Effect.flatMap(Store.Store, use).pipe(Effect.provide(Store.layer(root))))

const putNode = (store: Store.Store["Service"], run: RunMade, node: NodeMade) =>
  Effect.gen(function*() {
    const manifest = yield* store.putValue(node.value)
    const { rows } = node
    if (rows !== undefined) {
      yield* Effect.scoped(Effect.gen(function*() {
        const memo = yield* store.openMemo(rowFunctionOf(rows.of))
        for (const text of rows.texts) yield* memo.append(rowKeyOf(text), Buffer.from(text))
      }))
    }
    yield* store.putAction({
      key: keyOf(node),
      node: node.label,
      label: node.label,
      manifest,
      parts: rows === undefined ? {} : { rowFunction: rowFunctionOf(rows.of) },
      startedAt: at(run.daysAgo),
      durationMs: 0,
      usage: { tokens: 0, usd: 0, seconds: 0 },
      run: run.run,
      host: { cpu: "", node: "", platform: "" }
    })
    return { label: node.label, node: node.label, key: keyOf(node), state: "ran", manifest }
  })

/** Makes a run in a session of its own. Returns the manifests of its nodes by label. */
export const makeRun = (root: string, run: RunMade): Promise<ReadonlyMap<string, ValueManifest>> =>
  inSession(root, (store) =>
    Effect.gen(function*() {
      const nodes: Array<{ readonly label: string; readonly manifest: ValueManifest }> = []
      for (const node of run.nodes) nodes.push(yield* putNode(store, run, node))
      const record = {
        run: run.run,
        experiment: run.experiment ?? "quickstart",
        startedAt: at(run.daysAgo),
        finishedAt: at(run.daysAgo),
        ok: true,
        nodes,
        ...run.record
      } as unknown as RunRecord
      yield* store.putRun(record)
      return new Map(nodes.map(({ label, manifest }) => [label, manifest]))
    }) as Effect.Effect<ReadonlyMap<string, ValueManifest>, StoreFailed>)

/** gc in this cache, of the tests' present. */
export const gc = (root: string, options: Partial<CollectOptions> = {}) =>
  collect({
    base: Store.baseOf(root),
    knowledge,
    nowMs,
    keepMs: 30 * dayMs,
    dryRun: false,
    deleteNow: false,
    ...options
  })

/** The value of a manifest as a new process finds it; `undefined` when it is lost. */
export const valueIn = (root: string, manifest: ValueManifest): Promise<unknown> =>
  inSession(root, (store) => Effect.orElseSucceed(store.readValue(manifest), () => undefined))

/** The text of a row; `undefined` when it has no result. */
export const rowIn = (root: string, of: string, text: string): Promise<string | undefined> =>
  inSession(root, (store) =>
    Effect.scoped(Effect.map(
      store.openMemo(rowFunctionOf(of)),
      (memo) => {
        const found = memo.get(rowKeyOf(text))
        return found === undefined ? undefined : Buffer.from(found).toString()
      }
    )))

/** The text of a row whose log is larger than any piece that readers take at once; texts differ in length. */
export const longText = (row: number): string => `${row} `.repeat(100 + row % 300)

/** Puts rows 0 to `rows` - 1, keyed by their number, in one session. */
export const putLongRows = (root: string, of: string, rows: number): Promise<void> =>
  inSession(root, (store) =>
    Effect.scoped(Effect.flatMap(store.openMemo(rowFunctionOf(of)), (memo) =>
      Effect.andThen(
        Effect.sync(() => {
          for (let row = 0; row < rows; row++) {
            void memo.put(Buffer.from(rowKeyOf(String(row)), "hex"), 0, Buffer.from(longText(row)))
          }
        }),
        memo.flush()
      ))))

/** Which of the rows that {@link putLongRows} put have exactly their text. */
export const longRowsIn = (root: string, of: string, rows: number): Promise<ReadonlyArray<boolean>> =>
  inSession(
    root,
    (store) =>
      Effect.scoped(Effect.map(store.openMemo(rowFunctionOf(of)), (memo) =>
        Array.from({ length: rows }, (_, row) => {
          const found = memo.get(rowKeyOf(String(row)))
          return found !== undefined && Buffer.from(found).toString() === longText(row)
        })))
  )
