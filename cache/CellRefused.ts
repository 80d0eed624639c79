/** The one error of a cell that its column cannot hold. Which table and column it was is added by whoever knows. */
import type { Cell, ColumnType } from "./Columns.ts"

const show = (cell: Cell | undefined): string => {
  if (cell === undefined) return "nothing"
  if (cell === null) return "null"
  return `${typeof cell} ${String(Array.isArray(cell) ? cell.slice(0, 20) : cell).slice(0, 60)}`
}

/**
 * `row` counts from the beginning of what was being written: a builder's column, a list of cells. `why` is given where
 * the cell has the right type and still does not fit.
 */
export class CellRefused extends Error {
  override readonly name = "CellRefused"
  readonly row: number
  readonly found: string
  constructor(type: ColumnType, row: number, cell: Cell | undefined, why?: string) {
    const found = why ?? `${show(cell)} is not a ${type.kind}${type.nullable ? " or null" : ""}`
    super(`row ${row}: ${found}`)
    this.row = row
    this.found = found
  }
}
