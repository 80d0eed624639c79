/** A running result as cells, piece by piece: for people, and for formats that are written from JS values. */
import type { Cell } from "../Columns.ts"
import type { Columns } from "../Tables.ts"
import type { ResultColumn } from "./bind.ts"
import type { Connected } from "./connect.ts"
import { checkTypes, toCell } from "./result.ts"

/** The next rows of a result, and the cells of the first of them. */
export interface CellPiece {
  readonly columns: ReadonlyArray<ReadonlyArray<Cell>>
  readonly rows: number
}

export interface CellReader {
  readonly schema: ReadonlyArray<ResultColumn>
  /** The next piece, with the cells of at most `most` rows; undefined at the end. */
  readonly next: (most: number) => Promise<CellPiece | undefined>
}

/**
 * Runs a statement. **Fails**: rejects with `SqlRefused` for a type without a cell, unless it may be shown as text.
 */
export const openCells = async (
  { connection, duck }: Connected,
  sql: string,
  { display, statement }: { readonly display: boolean; readonly statement: string }
): Promise<CellReader> => {
  const result = await connection.stream(statement)
  const names = result.columnNames()
  const types = result.columnTypes()
  if (!display) checkTypes(duck, sql, names, types)
  return {
    schema: names.map((name, i) => ({ name, type: types[i]!.toString() })),
    next: async (most) => {
      const chunk = await result.fetchChunk()
      if (chunk === null || chunk.rowCount === 0) return undefined
      const kept = Math.max(0, Math.min(chunk.rowCount, most))
      const columns = names.map((_, i) =>
        kept === 0 ? [] : chunk.getColumnValues(i).slice(0, kept).map((value) => toCell(duck, value))
      )
      return { columns, rows: chunk.rowCount }
    }
  }
}

/** Columns of cells by their names. */
export const byName = (schema: ReadonlyArray<ResultColumn>, columns: CellPiece["columns"]): Columns =>
  Object.fromEntries(schema.map(({ name }, i) => [name, columns[i]!]))
