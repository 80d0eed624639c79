/**
 * A table as lines for a terminal of a given width: one line a row, never wrapped. Pure; colour comes through
 * `style`. What a text measures is in `text.ts`; what a table says is its caller's.
 */
import { cutVisible, displayWidth, pad } from "./text.ts"

export interface TableColumn {
  /** A table none of whose columns has one is printed without a header. */
  readonly header?: string
  /** `left` unless told. */
  readonly align?: "left" | "right"
  /** Where cells are cut, at their end unless told. */
  readonly cut?: "end" | "middle"
  /** Dropped where the width does not suffice, the lowest number first; never unless told. */
  readonly drop?: number
  /** Columns of the terminal to which cells may be cut before any column is dropped; the whole cell unless told. */
  readonly min?: number
}

export interface Table {
  readonly columns: ReadonlyArray<TableColumn>
  /** One cell a column; cells are made visible. */
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

export interface TableOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number
  /** May wrap a finished cell in escape sequences; must not change what is seen. `row` is -1 for the header. */
  readonly style?: (text: string, place: { readonly row: number; readonly column: number }) => string
}

/** A column that is shown, by its index, and how wide. */
export interface Fitted {
  readonly column: number
  readonly width: number
}

const gap = 2

const totalWidth = (widths: ReadonlyArray<number>): number =>
  widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, widths.length - 1)

/** Takes one column of the terminal at a time from the widest that is above its floor, until `width` is met. */
const shrunk = (
  natural: ReadonlyArray<number>,
  floors: ReadonlyArray<number>,
  width: number
): ReadonlyArray<number> => {
  const widths = [...natural]
  for (let excess = totalWidth(widths) - width; excess > 0; excess--) {
    let widest = -1
    for (const [i, one] of widths.entries()) {
      if (one > floors[i]! && (widest < 0 || one > widths[widest]!)) widest = i
    }
    if (widest < 0) return widths
    widths[widest]!--
  }
  return widths
}

const withHeader = ({ columns, rows }: Table): ReadonlyArray<ReadonlyArray<string>> =>
  columns.some(({ header }) => header !== undefined) ? [columns.map(({ header }) => header ?? ""), ...rows] : rows

/**
 * Which columns of a table are shown at `width`, and how wide: cells are cut to their `min`, then columns go by their
 * `drop`, then all cells are cut further, and in the end the rightmost columns go.
 */
export const fit = (table: Table, width: number): ReadonlyArray<Fitted> => {
  const { columns } = table
  const lines = withHeader(table)
  // no column is wider than the terminal, which also bounds the work on very long cells
  const natural = columns.map((_, column) =>
    lines.reduce((widest, cells) => Math.max(widest, displayWidth(cutVisible(cells[column]!, width))), 0)
  )
  const floor = (column: number) => Math.min(columns[column]!.min ?? Infinity, natural[column]!)
  let shown = columns.map((_, column) => column)
  while (totalWidth(shown.map(floor)) > width) {
    const droppable = shown.filter((column) => columns[column]!.drop !== undefined)
    if (droppable.length === 0) break
    const first = droppable.reduce((a, b) => columns[b]!.drop! < columns[a]!.drop! ? b : a)
    shown = shown.filter((column) => column !== first)
  }
  while (shown.length > 1 && totalWidth(shown.map(() => 1)) > width) shown = shown.slice(0, -1)
  const gentle = shrunk(shown.map((column) => natural[column]!), shown.map(floor), width)
  const widths = shrunk(gentle, shown.map(() => Math.min(1, width)), width)
  return shown.map((column, i) => ({ column, width: widths[i]! }))
}

/**
 * Header and rows, a line each. **Unit**: widths are columns of the terminal; a wide character takes two.
 *
 * **Fails**: `RangeError` for a row whose number of cells is not that of the columns.
 */
export const table = (content: Table, { style, width }: TableOptions): ReadonlyArray<string> => {
  for (const [row, { length }] of content.rows.entries()) {
    if (length !== content.columns.length) {
      throw new RangeError(`row ${row} has ${length} cells, the table ${content.columns.length} columns`)
    }
  }
  const fitted = fit(content, width)
  const lines = withHeader(content)
  const firstRow = content.rows.length - lines.length
  return lines.map((cells, i) => {
    const last = fitted.findLastIndex(({ column }) => cells[column] !== "")
    return fitted.slice(0, last + 1).map(({ column, width }, position) => {
      const { align = "left", cut } = content.columns[column]!
      const text = cutVisible(cells[column]!, width, cut)
      const padded = position === last && align === "left" ? text : pad(text, width, align)
      return style === undefined ? padded : style(padded, { row: firstRow + i, column })
    }).join(" ".repeat(gap))
  })
}
