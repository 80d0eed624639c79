/**
 * Shows rows, one row, a text or a figure in a notebook: always `await` it. Outside a kernel the same cells print text.
 */
import { Buffer } from "node:buffer"
import type { Cell } from "../../cache/Columns.ts"
import { showRows } from "../../runtime/terminal/showRows.ts"
import { visible } from "../../runtime/terminal/text.ts"
import type { Figure } from "./figure.ts"
import { columnNames, htmlTable, type TableOptions } from "./htmlTable.ts"
import { display } from "./kernel.ts"
import { Transcript, transcript, type TranscriptRow } from "./transcript.ts"

type Rows = ReadonlyArray<{ readonly [column: string]: Cell | undefined }>

type Shown = Rows | TranscriptRow | Transcript | Figure | string

/** Columns of characters of a table as text. */
const textWidth = 120

const textTable = (rows: Rows, { limit = 50 }: TableOptions): string => {
  const names = columnNames(rows)
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name] ?? null)]))
  return showRows({ names, columns, rows: rows.length }, { width: textWidth, limit })
}

const isRows = (value: Exclude<Shown, string>): value is Rows => Array.isArray(value)

/** Rows hold bytes too, but no row has both of these. */
const isFigure = (value: TranscriptRow | Figure): value is Figure =>
  "svg" in value && "png" in value && value.png instanceof Uint8Array

/** One signature a kind: with a union, `show(await cache.sql…)` would not know what rows are asked for. */
interface Show {
  (rows: Rows, options?: TableOptions): Promise<void>
  (value: Transcript | Figure | string): Promise<void>
  (row: TranscriptRow, options?: TableOptions): Promise<void>
}

/**
 * Shows a value below the cell: rows as a table of at most `limit` rows with cells cut after `cut` characters, one row as
 * a transcript, a text as it is, a figure as a picture. Resolves once the output is safely with the notebook.
 */
export const show: Show = async (value: Shown, options: TableOptions = {}): Promise<void> => {
  if (typeof value === "string") return display({ "text/plain": value.split("\n").map(visible).join("\n") })
  if (isRows(value)) {
    return display({ "text/html": htmlTable(value, options), "text/plain": textTable(value, options) })
  }
  if (value instanceof Transcript || !isFigure(value)) {
    const { html, text } = value instanceof Transcript ? value : transcript(value, options)
    return display({ "text/html": html, "text/plain": text })
  }
  return display({
    "image/svg+xml": value.svg,
    "image/png": Buffer.from(value.png).toString("base64"),
    "text/plain": `[figure: ${visible(value.title)}]`
  }, { "image/png": { width: value.width } })
}
