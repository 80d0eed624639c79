/**
 * Executes one stale vertex: runs its body, checks and stores what it returns, and records the action that makes it fresh.
 * What the body receives is in `Inputs.ts`, rows are the row engine's, who runs when and after which failure the engine's.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { tableSchema } from "../cache/Columns.ts"
import { fromManifest, query } from "../cache/Duck.ts"
import type { Action, Manifest, TableManifest } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import type { StoreFailed } from "../cache/StoreFailed.ts"
import { bodyEffect } from "./bodyEffect.ts"
import { type CellColumns, duplicateId, toColumns } from "./Cells.ts"
import {
  type AnyType,
  type MakeDefinition,
  type NodeDefinition,
  portsOf,
  readColumns,
  type RowsDefinition,
  rowsPort,
  type SqlDefinition
} from "./Definition.ts"
import { NodeFailed, type SourceFailed } from "./Error.ts"
import { asNodeFailed, lostIn } from "./failure.ts"
import { Emit, type RowCounts } from "./Event.ts"
import type { Vertex } from "./Graph.ts"
import { host } from "./host.ts"
import { received, sideOf } from "./Inputs.ts"
import { nodeSeed } from "./Key.ts"
import * as Progress from "./Progress.ts"
import type { Known, Resolved } from "./Resolver.ts"
import * as RowEngine from "./RowEngine.ts"
import { storedAction } from "./storedAction.ts"
import * as Usage from "./Usage.ts"
import type { StoredParts } from "./Why.ts"

export interface Executed {
  readonly known: Known
  readonly action: Action
  readonly counts: RowCounts | undefined
  readonly nondeterministic: boolean
  /** Another run finished it while this one was about to. */
  readonly shared: boolean
}

export interface ExecuteOptions {
  readonly run: string
  readonly services: Context.Context<never>
  readonly storedParts: (vertex: Vertex, parts: Resolved["parts"]) => StoredParts
  readonly forced: ReadonlySet<string>
}

export type ExecuteError = NodeFailed | SourceFailed | StoreFailed

const storeTable = Effect.fnUntraced(function*(vertex: Vertex, key: string, columns: CellColumns, rows: number) {
  const store = yield* Store
  const table = (vertex.definition as NodeDefinition).output as Extract<AnyType, { kind: "table" }>
  const twice = duplicateId(table, columns, rows)
  if (twice !== undefined) {
    return yield* new NodeFailed({
      label: vertex.label,
      key,
      reason: `two of its ${rows} rows have the id ${twice}`,
      next: `ids (${table.id.join(", ")}) must be unique: they name rows in every later step`
    })
  }
  return yield* store.putTable(tableSchema(table.columns), columns, rows)
})

const runMake = Effect.fnUntraced(function*(vertex: Vertex, key: string, inputs: { readonly [port: string]: unknown }) {
  const store = yield* Store
  const definition = vertex.definition as MakeDefinition
  const dir = definition.output.kind === "artifact" ? yield* store.workFolder(key) : ""
  const context = {
    params: vertex.params,
    dir,
    ...(definition.seeded ? { seed: nodeSeed(vertex.seed!, definition.name) } : {})
  }
  const written = yield* Effect.suspend(() => {
    const made = definition.run(inputs, context)
    return bodyEffect(made)
  })
  if (definition.output.kind === "artifact") return (yield* store.putFolder(dir, { move: true })) as Manifest
  if (definition.output.kind === "value") {
    return yield* store.putValue(Schema.encodeUnknownSync(definition.output.schema)(written))
  }
  const { columns, rows } = toColumns(definition.output, written as Iterable<unknown>)
  return yield* storeTable(vertex, key, columns, rows)
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
    const result = yield* query(text, tables, { orderBy: definition.output.id })
    return yield* storeTable(vertex, resolved.key, result.columns, result.rows)
  }
)

const describeFailures = (failures: RowEngine.RowsDone["failures"]): string =>
  failures.slice(0, 3).map(({ first, reason, rows }) =>
    rows === 1 ? `row ${first}: ${reason}` : `${rows} rows, first ${first}: ${reason}`
  ).join("\n    ")

const runRows = Effect.fnUntraced(
  function*(
    vertex: Vertex,
    resolved: Resolved,
    knowns: { readonly [port: string]: Known },
    side: { readonly [port: string]: unknown },
    forced: boolean
  ) {
    const store = yield* Store
    const definition = vertex.definition as RowsDefinition
    const table = knowns[rowsPort]!.manifest as TableManifest
    const wanted = [...new Set([...readColumns(definition, rowsPort)!, ...definition.carry, ...definition.input.id])]
    const input = yield* store.readTable(table, wanted)
    const keyed = RowEngine.keyRows(vertex, resolved.parts, input, table.rows, side)
    const done = yield* RowEngine.run(vertex, keyed, input, { force: forced })
    if (done.counts.failed > 0) {
      const finished = done.counts.ran + done.counts.fresh
      return yield* new NodeFailed({
        label: vertex.label,
        key: resolved.key,
        reason: `${done.counts.failed} of ${done.counts.failed + finished} rows have no result\n    ${
          describeFailures(done.failures)
        }`,
        next: finished === 0
          ? "mend it and run the same command again"
          : `${finished} finished rows are kept; mend it and run the same command again, which does the rest`,
        rows: done.counts
      })
    }
    return {
      manifest: yield* storeTable(vertex, resolved.key, done.columns, table.rows),
      counts: done.counts,
      usage: done.usage
    }
  }
)

/** What another run made of this key since it was looked up. */
const madeMeanwhile = Effect.fnUntraced(function*(resolved: Resolved) {
  const store = yield* Store
  const action = yield* storedAction(resolved.key)
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
    shared: true
  } satisfies Executed
})

/**
 * Runs the vertex and publishes its action, unless another run does so first: of those that share a cache, one works on
 * a key at a time. A body's own error arrives as `NodeFailed`, once; a lost input as what the store says.
 */
export const execute = Effect.fnUntraced(
  function*(vertex: Vertex, resolved: Resolved, knowns: { readonly [port: string]: Known }, options: ExecuteOptions) {
    const store = yield* Store
    const emit = yield* Emit
    const definition = vertex.definition as NodeDefinition
    yield* store.claim(
      resolved.key,
      () => emit({ event: "Progress", label: vertex.label, done: 0, total: 0, detail: "another run is at it" })
    )
    const made = options.forced.has(vertex.label) ? undefined : yield* madeMeanwhile(resolved)
    if (made !== undefined) {
      return made
    }
    const startedMs = yield* Clock.currentTimeMillis
    let usage = Usage.none
    let counts: RowCounts | undefined

    const body = Effect.gen(function*() {
      if (definition.kind === "sql") return yield* runSql(vertex, resolved, knowns)
      if (definition.kind === "rows") {
        const done = yield* runRows(
          vertex,
          resolved,
          knowns,
          yield* sideOf(vertex, knowns),
          options.forced.has(vertex.label)
        )
        counts = done.counts
        usage = done.usage
        return done.manifest
      }
      const inputs: { [port: string]: unknown } = {}
      for (const [port, type] of Object.entries(portsOf(definition))) {
        inputs[port] = yield* received(type, vertex.inputs[port]!, knowns[port]!)
      }
      return yield* runMake(vertex, resolved.key, inputs)
    }).pipe(
      Effect.provideService(Usage.Collector, (one) => void (usage = Usage.add(usage, one))),
      Effect.provideService(
        Progress.Report,
        (progress) => emit({ event: "Progress", label: vertex.label, ...progress })
      ),
      Effect.provide(options.services)
    ) as Effect.Effect<Manifest, unknown, Store>

    const manifest = yield* Effect.catchCause(body, (cause): Effect.Effect<never, ExecuteError> => {
      const lost = lostIn(cause)
      return lost === undefined ? Effect.failCause(asNodeFailed(vertex.label, resolved.key, cause)) : Effect.fail(lost)
    })
    const action: Action = {
      key: resolved.key,
      node: definition.name,
      label: vertex.label,
      manifest,
      parts: options.storedParts(vertex, resolved.parts),
      startedAt: new Date(startedMs).toISOString(),
      durationMs: (yield* Clock.currentTimeMillis) - startedMs,
      ...(counts === undefined ? {} : { rows: { ran: counts.ran, reused: counts.fresh, failed: counts.failed } }),
      usage,
      run: options.run,
      host
    }
    const put = yield* store.putAction(action)
    const { kept, nondeterministic } = put
    return {
      known: { content: kept.manifest.content, manifest: kept.manifest },
      action: kept,
      counts,
      nondeterministic,
      shared: false
    } satisfies Executed
  },
  Effect.scoped
)
