/**
 * Runs a row node: keys every row, looks the keys up in the row log, runs what is missing, and gathers the output in
 * input order. A finished row is durable before it counts; a failed one is a state in the log, tried again next time.
 * Rows with equal keys run once. Publishing the table is the engine's.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Cell } from "../cache/Columns.ts"
import { canonicalJson, digest } from "../cache/Digest.ts"
import { Store } from "../cache/Store.ts"
import type { StoreFailed } from "../cache/StoreFailed.ts"
import { bodyEffect } from "./bodyEffect.ts"
import { type CellColumns, encodeRow, rowName, toRows } from "./Cells.ts"
import type { AnyTable, RowsDefinition } from "./Definition.ts"
import { Emit, type RowCounts } from "./Event.ts"
import type { Vertex } from "./Graph.ts"
import { type KeyParts, rowFunctionKey, RowKeys, rowSeed } from "./Key.ts"
import * as Type from "./Type.ts"
import * as Usage from "./Usage.ts"

/** Rows in flight at once; what a service can take at once is the service's to bound. */
const concurrency = 512

/** After this many failed rows nothing new is started: the cause is rarely the row. */
const failuresToStop = 16

/** Only these columns of a table, so that a row body sees what is in its key and no more. */
const narrowed = (table: AnyTable, columns: ReadonlyArray<string>): AnyTable =>
  Type.table(table.name, Object.fromEntries(columns.map((name) => [name, table.columns[name]!])), { id: [] })

/** Stands for artifacts inside what `given` returns: their content is in the key, their path is not. */
const withoutPaths = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPaths)
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  if ("content" in value && "path" in value && "kind" in value) return { artifact: value.content }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutPaths(inner)]))
}

/** Every row's key and what it is given; computed by plan and run alike. */
export interface KeyedRows {
  readonly rowFunction: string
  readonly keys: ReadonlyArray<string>
  readonly rows: ReadonlyArray<any>
  readonly given: ReadonlyArray<unknown>
}

/** Keys all rows. `side` holds tables as arrays of rows, artifacts as folders, values as they are. */
export const keyRows = (
  vertex: Vertex,
  parts: KeyParts,
  input: CellColumns,
  count: number,
  side: { readonly [port: string]: unknown }
): KeyedRows => {
  const definition = vertex.definition as RowsDefinition
  const read = Object.keys(definition.input.columns).filter((name) => !definition.carry.includes(name))
  const sorted = [...read].sort()
  const rows = toRows(narrowed(definition.input, read), input, count)
  const rowFunction = rowFunctionKey(parts)
  const keys = new RowKeys(rowFunction)
  const given = definition.given === undefined ? [] : rows.map((row) => definition.given!(row, side, vertex.params))
  const digests = new Map<unknown, string>() // `given` often returns the same object for many rows
  const digestOf = (value: unknown) => {
    const known = digests.get(value)
    if (known !== undefined) return known
    const made = digest("given", withoutPaths(value))
    digests.set(value, made)
    return made
  }
  return {
    rowFunction,
    rows,
    given,
    keys: rows.map((_, index) =>
      keys.of(
        sorted.map((name) => input[name]![index] as Cell),
        definition.given === undefined ? undefined : digestOf(given[index])
      )
    )
  }
}

interface Stored {
  readonly row: { readonly [column: string]: Cell }
  readonly usage: Usage.Usage
}

const decodeStored = (payload: Uint8Array): Stored => JSON.parse(Buffer.from(payload).toString("utf8"))

export interface RowsDone {
  readonly columns: CellColumns
  readonly counts: RowCounts
  readonly usage: Usage.Usage
  /** Reasons of failed rows, most common first; empty when every row has a result. */
  readonly failures: ReadonlyArray<{ readonly reason: string; readonly rows: number; readonly first: string }>
}

const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

/**
 * Runs the missing rows of a keyed table. Fails only where the store does; failed rows are counted in the result.
 * The body's services come from the caller's context.
 */
export const run = Effect.fnUntraced(
  function*(vertex: Vertex, keyed: KeyedRows, input: CellColumns, options: { readonly force: boolean }) {
    const definition = vertex.definition as RowsDefinition
    const store = yield* Store
    const emit = yield* Emit
    const memo = yield* store.openMemo(keyed.rowFunction)
    const encode = encodeRow(narrowed(
      definition.output,
      Object.keys(definition.output.columns).filter((name) => !definition.carry.includes(name))
    ))

    const first = new Map<string, number>() // key to the first row that has it
    keyed.keys.forEach((key, index) => first.has(key) || first.set(key, index))
    const missing = [...first].filter(([key]) => options.force || !memo.has(key))
    emit({
      event: "RowsFound",
      label: vertex.label,
      total: first.size,
      fresh: first.size - missing.length,
      toRun: missing.length
    })

    let usage = Usage.none
    let done = 0
    let failed = 0
    const reasons = new Map<string, { rows: number; first: string }>()
    const name = (index: number) => rowName(definition.input, input, index)
    const progress = () => emit({ event: "Progress", label: vertex.label, done: done + failed, total: missing.length })

    const runRow = (key: string, index: number): Effect.Effect<void, StoreFailed, any> =>
      Effect.suspend(() => {
        if (failed >= failuresToStop) return Effect.void
        let cost = Usage.none
        const collect = (one: Usage.Usage) => void (cost = Usage.add(cost, one))
        const body = Effect.suspend(() => {
          const made = definition.run(keyed.rows[index], {
            params: vertex.params,
            given: keyed.given[index],
            ...(definition.seeded ? { seed: rowSeed(vertex.seed!, key) } : {})
          })
          return bodyEffect(made)
        })
        return Effect.flatMap(
          Effect.exit(Effect.provideService(Effect.map(body, encode), Usage.Collector, collect)),
          (exit): Effect.Effect<void, StoreFailed> => {
            usage = Usage.add(usage, cost)
            if (Exit.isSuccess(exit)) {
              const payload = Buffer.from(canonicalJson({ row: exit.value, usage: cost }))
              return Effect.map(memo.append(key, payload, { replace: options.force }), () => {
                done++
                progress()
              })
            }
            if (Cause.hasInterrupts(exit.cause)) return Effect.failCause(exit.cause as Cause.Cause<never>)
            failed++
            const reason = reasonOf(exit.cause)
            const seen = reasons.get(reason)
            if (seen === undefined) reasons.set(reason, { rows: 1, first: name(index) })
            else seen.rows++
            emit({ event: "RowFailed", label: vertex.label, row: name(index), reason })
            return memo.appendFailure(key, Buffer.from(canonicalJson({ reason, usage: cost })))
          }
        )
      })

    yield* Effect.forEach(missing, ([key, index]) => runRow(key, index), { concurrency, discard: true })

    const counts: RowCounts = { ran: done, fresh: first.size - missing.length, failed: missing.length - done }
    const failures = [...reasons].map(([reason, seen]) => ({ reason, ...seen })).sort((a, b) => b.rows - a.rows)
    if (counts.failed > 0) return { columns: {}, counts, usage, failures } satisfies RowsDone

    const names = Object.keys(definition.output.columns)
    const columns: Record<string, Array<Cell>> = Object.fromEntries(names.map((each) => [each, []]))
    const stored = new Map<string, Stored["row"]>()
    for (const [index, key] of keyed.keys.entries()) {
      let row = stored.get(key)
      if (row === undefined) {
        row = decodeStored(memo.get(key)!).row
        stored.set(key, row)
      }
      for (const each of names) columns[each]!.push(definition.carry.includes(each) ? input[each]![index]! : row[each]!)
    }
    return { columns, counts, usage, failures } satisfies RowsDone
  },
  Effect.scoped
)
