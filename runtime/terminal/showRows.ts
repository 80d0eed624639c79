/**
 * Rows of a result for reading: many as a table of cut cells that says what it cut, or one in full. Cells hold what a
 * model wrote, so nothing in them reaches the terminal as it is: escapes and invisible characters are spelled out.
 */
import type { Cell } from "../../cache/Columns.ts"
import { characterCount, fullCell, isNumeric, shortCell } from "./cellText.ts"
import { count, counted } from "./format.ts"
import { type Style, uncoloured } from "./style.ts"
import { fit, table } from "./table.ts"
import { cutVisible, displayWidth, pad, visible, wrap } from "./text.ts"

/** Rows column by column. Shape: `names` in the order shown; every column has at least the first rows to show. */
export interface Rows {
  readonly names: ReadonlyArray<string>
  readonly columns: { readonly [name: string]: ReadonlyArray<Cell> }
  /** Rows of the whole result. */
  readonly rows: number
}

export interface ShowOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number
  readonly style?: Style
}

export interface ShowRowsOptions extends ShowOptions {
  /** Rows to show; all unless told. */
  readonly limit?: number
}

/** A column of text keeps this much before other columns are dropped for it. */
const textColumns = 8

/** Long names of fields do not push the values aside by more than this. */
const nameColumns = 24

/** Columns that lost something, each with the length of its longest cell. */
const cutText = (names: ReadonlyArray<string>, longest: ReadonlyArray<number>): string =>
  `cut: ${names.map((name, i) => `${visible(name)} (up to ${counted(longest[i]!, "character")})`).join(", ")}`

/** The table, and below it how many rows there are, which cells are cut and which columns do not fit. */
export const showRows = ({ columns, names, rows }: Rows, options: ShowRowsOptions): string => {
  const { limit = rows, style = uncoloured, width } = options
  const shown = Math.max(0, Math.min(limit, rows))
  const cells = names.map((name) => columns[name]!.slice(0, shown))
  const texts = cells.map((column) => column.map(shortCell))
  const content = {
    columns: names.map((header, i) =>
      isNumeric(cells[i]!)
        ? { header, align: "right" as const, drop: names.length - i }
        : { header, min: textColumns, drop: names.length - i }
    ),
    rows: Array.from({ length: shown }, (_, row) => texts.map((column) => column[row]!))
  }
  const fitted = fit(content, width)
  const lines = table(content, {
    width,
    style: (text, { column, row }) => {
      if (row < 0) return style("strong", text)
      return cells[column]![row] === null ? style("dim", text) : text
    }
  })
  const isCut = fitted.filter(({ column, width }) =>
    texts[column]!.some((text) => cutVisible(text, width) !== visible(text))
  )
  const absent = names.filter((_, column) => fitted.every((one) => one.column !== column))
  const longest = isCut.map(({ column }) =>
    texts[column]!.reduce((most, text) => Math.max(most, characterCount(text)), 0)
  )
  const notes = [
    shown < rows ? `${count(shown)} of ${counted(rows, "row")}` : counted(rows, "row"),
    ...(isCut.length === 0 ? [] : [cutText(isCut.map(({ column }) => names[column]!), longest)]),
    ...(absent.length === 0 ? [] : [`not shown: ${absent.map(visible).join(", ")}`])
  ]
  return [...lines, ...notes.flatMap((note) => wrap(note, width)).map((line) => style("dim", line))].join("\n")
}

const fieldLines = (name: string, cell: Cell, nameWidth: number, { style = uncoloured, width }: ShowOptions) => {
  const title = wrap(name, width)
  const heads = title.map((line) => style("strong", line))
  const text = fullCell(cell)
  const lines = wrap(text, width - 2)
  const fits = lines.length === 1 && title.length === 1 && displayWidth(title[0]!) <= nameWidth
    && nameWidth + 2 + displayWidth(lines[0]!) <= width
  if (fits) {
    return [
      `${style("strong", pad(title[0]!, nameWidth))}  ${cell === null ? style("dim", lines[0]!) : lines[0]!}`.trimEnd()
    ]
  }
  const length = typeof cell === "string" ? wrap(`  ${counted(characterCount(text), "character")}`, width) : []
  return [...heads, ...length.map((line) => style("dim", line)), ...lines.map((line) => line === "" ? "" : `  ${line}`)]
}

/** One row in full: a field a line, or its name and below it the text, wrapped and indented. Nothing is cut. */
export const showRow = (row: { readonly [name: string]: Cell | undefined }, options: ShowOptions): string => {
  const fields = Object.entries(row).map(([name, cell]) => ({ name, cell: cell ?? null }))
  const nameWidth = Math.min(
    nameColumns,
    fields.reduce((widest, { name }) => Math.max(widest, displayWidth(visible(name))), 0)
  )
  return fields.flatMap(({ cell, name }) => fieldLines(name, cell, nameWidth, options)).join("\n")
}
