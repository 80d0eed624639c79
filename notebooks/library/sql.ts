/**
 * SQL over the tables of a cache, with rows as objects. What a statement may say is in `runtime/query/select.ts`, how
 * values get into it in `fillSql.ts`.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import { select } from "../../runtime/query/select.ts"
import type { NamedTable } from "../../runtime/query/tablesByName.ts"

/** One row: cells by column. Integers are numbers where exact, else bigints. */
export interface Row {
  readonly [column: string]: Cell
}

/** Columns of cells as rows. Shape: every column has `rows` cells. */
export const rowsOf = (
  names: ReadonlyArray<string>,
  columns: { readonly [name: string]: ReadonlyArray<Cell> },
  rows: number
): ReadonlyArray<Row> =>
  Array.from({ length: rows }, (_, i) => Object.fromEntries(names.map((name) => [name, columns[name]![i]!])))

/**
 * The rows of a statement. Types without a cell of their own are shown as text, decimals as numbers.
 *
 * **Fails**: `SqlRefused`; `StoreFailed` when a table cannot be read.
 */
export const sql = Effect.fnUntraced(function*(statement: string, tables: ReadonlyMap<string, NamedTable>) {
  const { columns, rows, schema } = yield* select(statement, tables)
  return rowsOf(schema.map((column) => column.name), columns, rows)
})
