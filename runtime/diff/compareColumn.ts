/**
 * What became of one column between two tables: which rows hold another cell, which values turned into which, and for
 * numbers where their mean moved. One pass over two arrays of cells.
 */
import type { Cell } from "../../cache/Columns.ts"
import { canonicalJson } from "../../cache/Digest.ts"
import type { Alignment } from "./alignRows.ts"

/** A value that became another, in `count` rows. `rows` are the first of them, as rows of the newer table. */
export interface FlippedRows {
  readonly from: Cell
  readonly to: Cell
  readonly count: number
  readonly rows: ReadonlyArray<number>
}

/** The mean of the finite cells, and how many they are. */
export interface Mean {
  readonly mean: number
  readonly n: number
}

export interface ColumnComparison {
  /** Rows that both tables have and whose cells differ. */
  readonly changed: number
  /** The first of them, as a row of the newer table; -1 where there is none. */
  readonly first: number
  /** Commonest first; empty where the column has more values than a table of them could show. */
  readonly flips: ReadonlyArray<FlippedRows>
  /** Of a column of numbers. */
  readonly numbers: { readonly before: Mean; readonly after: Mean } | undefined
}

/** A column with more distinct values is no label. */
const mostValues = 12

/** A column of numbers with more of them is measured, not labelled. */
const mostNumbers = 4

/** A longer text is no label. */
const longestLabel = 40

export const sameCell = (a: Cell, b: Cell): boolean => {
  if (a === b || (a !== a && b !== b)) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  return canonicalJson(a) === canonicalJson(b)
}

const isLabel = (cell: Cell): boolean =>
  cell === null || typeof cell === "boolean" || (typeof cell === "string" && cell.length <= longestLabel)
  || (typeof cell === "number" && Number.isInteger(cell))

/** Whether cells are labels: few distinct short values, fewer than rows they tell apart. */
const areLabels = (sides: ReadonlyArray<ReadonlyArray<Cell>>): boolean => {
  const values = new Set<Cell>()
  let most = mostValues
  let cells = 0
  for (const side of sides) {
    cells += side.length
    for (const cell of side) {
      if (!isLabel(cell)) return false
      values.add(cell)
      if (typeof cell === "number") most = mostNumbers
      if (values.size > most) return false
    }
  }
  return values.size <= Math.max(3, cells / 4)
}

const meanOf = (cells: ReadonlyArray<Cell>): Mean => {
  let [sum, n] = [0, 0]
  for (const cell of cells) {
    if (typeof cell !== "number" || !Number.isFinite(cell)) continue
    sum += cell
    n++
  }
  return { mean: n === 0 ? Number.NaN : sum / n, n }
}

const areNumbers = (cells: ReadonlyArray<Cell>): boolean =>
  cells.some((cell) => typeof cell === "number") && cells.every((cell) => cell === null || typeof cell === "number")

/**
 * Compares the cells of a column. Rows that changed are marked in `marks`, one byte a row of the newer table; `samples`
 * bounds the rows that a flip names.
 */
export const compareColumn = (
  before: ReadonlyArray<Cell>,
  after: ReadonlyArray<Cell>,
  { matches }: Alignment,
  marks: Uint8Array,
  samples: number
): ColumnComparison => {
  const labels = areLabels([before, after])
  const flips = new Map<Cell, Map<Cell, { count: number; readonly rows: Array<number> }>>()
  let changed = 0
  let first = -1
  for (let row = 0; row < after.length; row++) {
    const match = matches[row]!
    if (match < 0 || sameCell(before[match]!, after[row]!)) continue
    if (changed++ === 0) first = row
    marks[row] = 1
    if (!labels) continue
    const [from, to] = [before[match]!, after[row]!]
    const targets = flips.get(from) ?? new Map<Cell, { count: number; readonly rows: Array<number> }>()
    const flip = targets.get(to) ?? { count: 0, rows: [] }
    flip.count++
    if (flip.rows.length < samples) flip.rows.push(row)
    flips.set(from, targets.set(to, flip))
  }
  return {
    changed,
    first,
    flips: [...flips].flatMap(([from, targets]) => [...targets].map(([to, flip]) => ({ from, to, ...flip })))
      .sort((a, b) => b.count - a.count),
    numbers: areNumbers(before) && areNumbers(after) ? { before: meanOf(before), after: meanOf(after) } : undefined
  }
}
