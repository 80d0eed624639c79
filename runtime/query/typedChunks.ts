/**
 * A result as typed columns, chunk by chunk: what Arrow and Parquet are written from. Which type a column gets is in
 * `columnTypeOf.ts`.
 */
import { CellRefused } from "../../cache/CellRefused.ts"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import type { ColumnData } from "../../cache/ColumnData.ts"
import type { Cell, Column, TableSchema } from "../../cache/Columns.ts"
import type { QueryResult } from "../../cache/Duck.ts"
import { chunkRows } from "../../cache/TableBlob.ts"
import { columnTypeOf, fitCell } from "./columnTypeOf.ts"
import { QueryRefused } from "./QueryRefused.ts"

/** The columns of a result with the types they are written with. */
export const typedSchema = ({ schema }: QueryResult): TableSchema =>
  schema.map(({ name, type }): Column => ({ name, type: columnTypeOf(type) }))

const encoded = ({ name, type }: Column, cells: ReadonlyArray<Cell>, first: number): ColumnData => {
  try {
    return encodeColumn(type, cells.map((cell) => fitCell(type, cell)))
  } catch (error) {
    if (!(error instanceof CellRefused)) throw error
    // `fitCell` makes every other cell fit.
    throw new QueryRefused({
      reason: `column ${name} has an integer of more than 64 bits in row ${
        first + error.row + 1
      }, which is more than arrow and parquet files here have`,
      next: "write its expression with ::DOUBLE or ::VARCHAR"
    })
  }
}

/**
 * The chunks in order, at least one: so many rows that texts of any length fit into buffers with 32-bit offsets.
 *
 * **Fails**: throws `QueryRefused` for an integer beyond 64 bits.
 */
export const typedChunks = function*({ columns, rows }: QueryResult, schema: TableSchema) {
  for (let first = 0; first === 0 || first < rows; first += chunkRows) {
    const count = Math.min(chunkRows, rows - first)
    const data = schema.map((column) => encoded(column, columns[column.name]!.slice(first, first + count), first))
    yield { data, rows: count }
  }
}
