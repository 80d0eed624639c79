/**
 * The table a node makes: rows are checked, kept chunk by chunk, and must have ids that are their own. A body may yield a
 * million rows from a generator; they are never in memory together.
 */
import * as Effect from "effect/Effect"
import { tableSchema } from "../cache/Columns.ts"
import { DistinctIds } from "../cache/DistinctIds.ts"
import type { TableManifest } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import { attemptAsync } from "../cache/StoreFailed.ts"
import { dataChecker, rowName, rowWriter } from "./Cells.ts"
import type { AnyTable } from "./Definition.ts"
import { NodeFailed } from "./Error.ts"
import { JsonLines } from "./JsonLines.ts"
import { reasonOf } from "./reasonOf.ts"

/** Rows taken in before others have their turn. */
const turnRows = 4096

export interface TableOutputOptions {
  /** The vertex that makes the table, and its key. */
  readonly label: string
  readonly key: string
  readonly table: AnyTable
  /** Ids were unique where they were copied from. */
  readonly idsChecked?: boolean
  /** Cells come from a statement: nothing has held them against the table's schemas. */
  readonly checkCells?: boolean
}

/** The id of a row that may be anything, in brackets; empty where it has none. */
const idIn = (table: AnyTable, row: unknown): string => {
  if (typeof row !== "object" || row === null) return ""
  const cells = table.id.flatMap((name) => (row as { readonly [column: string]: unknown })[name] ?? [])
  return cells.length === 0 ? "" : ` (${cells.join("/")})`
}

/** The first two rows that share an id, by its cells: equal hashes are only suspects. */
const sharedId = Effect.fnUntraced(
  function*(table: AnyTable, manifest: TableManifest, suspects: DistinctIds["suspects"]) {
    const store = yield* Store
    if (suspects.length === 0) return undefined
    const ids = yield* store.readTable(manifest, table.id)
    const found = suspects.find(({ first, second }) => rowName(table, ids, first) === rowName(table, ids, second))
    return found === undefined ? undefined : rowName(table, ids, found.first)
  }
)

/** Opens a table. **Fails**: `NodeFailed` at its end where two rows have one id. */
export const open = Effect.fnUntraced(function*(options: TableOutputOptions) {
  const { checkCells = false, idsChecked = false, key, label, table } = options
  const store = yield* Store
  const writer = yield* store.tableWriter(tableSchema(table.columns))
  const ids = new DistinctIds()
  const idColumns = table.id.map((name) => writer.schema.findIndex((column) => column.name === name))
  const checkIds = !idsChecked && idColumns.length > 0
  const check = checkCells ? dataChecker(table) : undefined
  let first = 0
  writer.onChunk = (columns) => {
    const rows = columns[0]!.length
    check?.(columns, rows, first)
    if (checkIds) ids.add(idColumns.map((at) => columns[at]!), rows)
    first += rows
  }

  /** Takes rows as a body returned them, checked against the table. */
  const pushRows = Effect.fnUntraced(function*(rows: Iterable<unknown>) {
    if (rows instanceof JsonLines && rows.table === table) {
      for (const _ of rows.moveInto(writer)) yield* Effect.yieldNow
      return
    }
    const write = rowWriter(table)
    const refuse = (reason: string) =>
      new NodeFailed({ label, key, reason, next: "mend it and run the same command again" })
    if (typeof rows?.[Symbol.iterator] !== "function") {
      return yield* refuse(
        `it returned no rows: an array of rows with the columns ${Object.keys(table.columns).join(", ")} is wanted`
      )
    }
    for (const row of rows) {
      let cells: ReturnType<typeof write>
      try {
        cells = write(row)
      } catch (error) {
        return yield* refuse(`row ${writer.rows + 1} of its result${idIn(table, row)}: ${reasonOf(error)}`)
      }
      writer.pushRow(cells)
      if (writer.rows % turnRows === 0) yield* Effect.yieldNow
    }
  })

  const finish = Effect.gen(function*() {
    const manifest = yield* attemptAsync("store a table", store.root, () => writer.finish())
    const id = yield* sharedId(table, manifest, ids.suspects)
    if (id === undefined) return manifest
    return yield* new NodeFailed({
      label,
      key,
      reason: `two of its ${manifest.rows} rows have the id ${id}`,
      next: `ids (${table.id.join(", ")}) must be unique: they name rows in every later step`
    })
  })

  return { writer, pushRows, finish }
})
