/**
 * SQL over the tables of a cache, with rows as objects. What a statement may say is in `runtime/query/select.ts`, how
 * values get into it in `fillSql.ts`.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import { SqlRefused } from "../../cache/Duck.ts"
import type { RunRecord } from "../../cache/Manifest.ts"
import { statementRefused } from "../../runtime/query/refusal.ts"
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
 * What a statement gives, column by column. Types without a cell of their own are shown as text, decimals as numbers.
 *
 * **Shape**: `runs` are those that `tables` are of.
 * **Fails**: `QueryRefused`; `StoreFailed` when a table cannot be read.
 */
export const columnsOf = (
  statement: string,
  tables: ReadonlyMap<string, NamedTable>,
  runs: ReadonlyArray<RunRecord>
) =>
  Effect.mapError(
    select(statement, tables),
    (error) => error instanceof SqlRefused ? statementRefused(error, tables, runs) : error
  )

/** {@link columnsOf} as rows. */
export const sql = (...asked: Parameters<typeof columnsOf>) =>
  Effect.map(
    columnsOf(...asked),
    ({ columns, rows, schema }) => rowsOf(schema.map((column) => column.name), columns, rows)
  )
