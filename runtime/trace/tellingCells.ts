/**
 * The few cells of a row that say most about it on one line: what is new against the row beside it, labels before
 * numbers before texts.
 */
import type { Cell } from "../../cache/Columns.ts"
import { sameCell } from "../diff/compareColumn.ts"
import type { Cells } from "../history/StoredTable.ts"

/** Cells shown of one row. */
const most = 4

/** A text of at most this many characters is a label. */
const labelLength = 24

const rank = (cell: Cell): number => {
  if (typeof cell === "boolean") return 0
  if (typeof cell === "string") return cell === "" ? 9 : cell.length <= labelLength ? 0 : 3
  if (Array.isArray(cell)) return cell.length === 0 ? 8 : 1
  if (typeof cell === "number" || typeof cell === "bigint") return 2
  return cell === null ? 7 : 4
}

/** Columns of `cells` to show, in table order; `beside` is the row one came from. */
export const tellingCells = (
  cells: Cells,
  id: ReadonlyArray<string>,
  beside: Cells | undefined
): ReadonlyArray<readonly [column: string, cell: Cell]> => {
  const entries = Object.entries(cells).filter(([column, cell]) =>
    !id.includes(column) && !(beside !== undefined && column in beside && sameCell(beside[column]!, cell))
  )
  const chosen = new Set(
    entries.map(([column, cell], at) => ({ column, at, rank: rank(cell) }))
      .filter(({ rank }) => rank < 7)
      .sort((a, b) => a.rank - b.rank || a.at - b.at)
      .slice(0, most)
      .map(({ column }) => column)
  )
  return entries.filter(([column]) => chosen.has(column))
}
