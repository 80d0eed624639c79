/**
 * A table as lines for a terminal of a given width: one line per row, never wrapped. It is pure and writes no escape
 * sequence of its own; colour comes through `style`. What a text measures is in `terminalText.ts`.
 */
import { clip, displayWidth, visible } from "./terminalText.ts"

export interface TerminalColumn {
  readonly header: string
  /** `left` unless told. */
  readonly align?: "left" | "right"
  /** Dropped where the width does not suffice; of several, the last one goes first. */
  readonly optional?: boolean
  /** Columns of the terminal to which cells may be cut before anything is dropped; all of the cell unless told. */
  readonly min?: number
}

export interface TerminalTable {
  readonly columns: ReadonlyArray<TerminalColumn>
  /** One cell per column; control characters and line breaks in cells are made harmless. */
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

export interface TerminalOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number
  /** May wrap a finished cell in escape sequences; must not change what is seen. `row` is -1 for the header. */
  readonly style?: (text: string, place: { readonly row: number; readonly column: number }) => string
}

const gap = 2

interface Fitted {
  /** Index in the declared columns. */
  readonly column: number
  width: number
}

const total = (fitted: ReadonlyArray<{ readonly width: number }>) =>
  fitted.reduce((sum, { width }) => sum + width, 0) + gap * Math.max(0, fitted.length - 1)

/** Takes one column of the terminal at a time from the widest that is above its floor, until `width` is met. */
const shrink = (fitted: ReadonlyArray<Fitted>, floor: (column: number) => number, width: number): void => {
  for (let excess = total(fitted) - width; excess > 0; excess--) {
    const widest = fitted.filter((one) => one.width > floor(one.column))
      .reduce<Fitted | undefined>((a, b) => a !== undefined && a.width >= b.width ? a : b, undefined)
    if (widest === undefined) return
    widest.width--
  }
}

/** Which columns are shown, and how wide: optional ones go first, then cells are cut, then the rightmost columns go. */
const fit = (columns: ReadonlyArray<TerminalColumn>, natural: ReadonlyArray<number>, width: number) => {
  const floor = (column: number) => Math.min(columns[column]!.min ?? Infinity, natural[column]!)
  let fitted: ReadonlyArray<Fitted> = columns.map((_, column) => ({ column, width: natural[column]! }))
  const without = (dropped: number) => fitted.filter(({ column }) => column !== dropped)
  while (total(fitted.map(({ column }) => ({ width: floor(column) }))) > width) {
    const optional = fitted.findLast(({ column }) => columns[column]!.optional === true)
    if (optional === undefined) break
    fitted = without(optional.column)
  }
  shrink(fitted, floor, width)
  shrink(fitted, () => 1, width)
  while (total(fitted) > width) fitted = fitted.slice(0, -1)
  return fitted
}

const pad = (text: string, width: number, align: "left" | "right") => {
  const space = " ".repeat(Math.max(0, width - displayWidth(text)))
  return align === "right" ? space + text : text + space
}

/**
 * Header and rows as lines joined by line feeds, no line feed at the end. Columns marked optional are dropped before
 * anything is cut below its `min`; then cells end in `…`.
 *
 * **Unit**: widths are columns of the terminal; wide characters take two.
 * **Fails**: `RangeError` for a row whose number of cells is not that of the columns.
 */
export const terminalTable = ({ columns, rows }: TerminalTable, { style, width }: TerminalOptions): string => {
  const lines = [columns.map(({ header }) => header), ...rows].map((cells, i) => {
    if (cells.length !== columns.length) {
      throw new RangeError(`row ${i - 1} has ${cells.length} cells, the table ${columns.length} columns`)
    }
    return cells.map(visible)
  })
  // No column needs to be wider than the terminal, which also bounds the work on very long cells.
  const natural = columns.map((_, column) =>
    lines.reduce((widest, cells) => Math.max(widest, displayWidth(clip(cells[column]!, width))), 0)
  )
  const fitted = fit(columns, natural, width)
  return lines.map((cells, i) =>
    fitted.map((one, position) => {
      const align = columns[one.column]!.align ?? "left"
      const text = clip(cells[one.column]!, one.width)
      const last = position === fitted.length - 1
      const padded = last && align === "left" ? text : pad(text, one.width, align)
      return style === undefined ? padded : style(padded, { row: i - 1, column: one.column })
    }).join(" ".repeat(gap))
  ).map((line) => style === undefined ? line.trimEnd() : line).join("\n")
}
