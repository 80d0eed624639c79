/**
 * SQL over the tables of a cache, with rows as objects. The statement is DuckDB's dialect; it can read and nothing else.
 * Which tables there are is in `tablesByName.ts`, how values get into the statement in `fillSql.ts`.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import * as Duck from "../../cache/Duck.ts"
import type { NamedTable } from "./tablesByName.ts"

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

/** Decimals come as text; in a notebook one computes with them. */
const withNumbers = ({ columns, schema }: Duck.QueryResult): { readonly [name: string]: ReadonlyArray<Cell> } =>
  Object.fromEntries(
    schema.map(({ name, type }) => [
      name,
      type.startsWith("DECIMAL") && !type.endsWith("]")
        ? columns[name]!.map((cell) => cell === null ? null : Number(cell))
        : columns[name]!
    ])
  )

/**
 * The rows of a statement. Types without a cell of their own are shown as text, decimals as numbers.
 *
 * **Fails**: `SqlRefused`; `StoreFailed` when a table cannot be read.
 */
export const sql = Effect.fnUntraced(function*(statement: string, tables: ReadonlyMap<string, NamedTable>) {
  const named = Object.fromEntries([...tables.values()].map(({ name, table }) => [name, table]))
  const result = yield* Duck.query(statement, named, { display: true })
  return rowsOf(result.schema.map((column) => column.name), withNumbers(result), result.rows)
})
