/**
 * Which row of an older table is which row of a newer one: the row of the same id. Works on columns and typed arrays, so
 * that a million rows are a matter of one map.
 */
import type { Cell } from "../../cache/Columns.ts"
import { canonicalJson } from "../../cache/Digest.ts"

/** The id columns of one table. Shape: every column has `rows` cells; no column where its rows have no id. */
export interface Ids {
  readonly columns: ReadonlyArray<ReadonlyArray<Cell>>
  readonly rows: number
}

export interface Alignment {
  /** For each row of the newer table, the row of the older one; -1 for an added row. */
  readonly matches: Int32Array
  /** Rows of the older table that the newer one does not have, in order. */
  readonly removed: Int32Array
  readonly added: number
}

const none = -1

const isFlat = (cell: Cell): boolean => typeof cell !== "object" || cell === null

/** What tells two ids apart: the cell itself where it is the whole id, else a text of all of them. */
const idAt = ({ columns }: Ids, row: number): unknown => {
  const only = columns[0]![row]!
  return columns.length === 1 && isFlat(only) ? only : canonicalJson(columns.map((cells) => cells[row]!))
}

/** Tables without ids, or with the same ones in the same order: row for row. */
export const alignInOrder = (before: number, after: number): Alignment => ({
  matches: Int32Array.from({ length: after }, (_, row) => row < before ? row : none),
  removed: Int32Array.from({ length: Math.max(0, before - after) }, (_, index) => after + index),
  added: Math.max(0, after - before)
})

/** Rows by id. Of rows that share an id, the first is the first, the second the second. */
export const alignRows = (before: Ids, after: Ids): Alignment => {
  if (before.columns.length === 0 || before.columns.length !== after.columns.length) {
    return alignInOrder(before.rows, after.rows)
  }
  const first = new Map<unknown, number>()
  const next = new Int32Array(before.rows).fill(none) // the next row of the same id
  for (let row = before.rows - 1; row >= 0; row--) {
    const id = idAt(before, row)
    next[row] = first.get(id) ?? none
    first.set(id, row)
  }
  const matches = new Int32Array(after.rows).fill(none)
  const taken = new Uint8Array(before.rows)
  let added = 0
  for (let row = 0; row < after.rows; row++) {
    const id = idAt(after, row)
    const match = first.get(id) ?? none
    if (match === none) {
      added++
      continue
    }
    matches[row] = match
    taken[match] = 1
    first.set(id, next[match]!)
  }
  const removed = new Int32Array(before.rows - (after.rows - added))
  for (let row = 0, at = 0; row < before.rows; row++) if (taken[row] === 0) removed[at++] = row
  return { matches, removed, added }
}
