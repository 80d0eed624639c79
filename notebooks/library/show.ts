/**
 * Shows rows, a text or a figure in a notebook: always `await` it. Outside a kernel the same cells print text.
 */
import { Buffer } from "node:buffer"
import type { Cell } from "../../cache/Columns.ts"
import { showRows } from "../../runtime/terminal/showRows.ts"
import { visible } from "../../runtime/terminal/text.ts"
import type { Figure } from "./figure.ts"
import { columnNames, htmlTable, type TableOptions } from "./htmlTable.ts"
import { display } from "./kernel.ts"

type Rows = ReadonlyArray<{ readonly [column: string]: Cell | undefined }>

/** Columns of characters of a table as text. */
const textWidth = 120

const textTable = (rows: Rows, { limit = 50 }: TableOptions): string => {
  const names = columnNames(rows)
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name] ?? null)]))
  return showRows({ names, columns, rows: rows.length }, { width: textWidth, limit })
}

const isFigure = (value: Rows | Figure): value is Figure => "svg" in value

/**
 * Shows `value` below the cell: rows as a table of at most `limit` rows with cells cut after `cut` characters, a text as
 * it is, a figure as a picture. Resolves once the output is safely with the notebook.
 */
export const show = async (value: Rows | string | Figure, options: TableOptions = {}): Promise<void> => {
  if (typeof value === "string") return display({ "text/plain": value.split("\n").map(visible).join("\n") })
  if (!isFigure(value)) {
    return display({ "text/html": htmlTable(value, options), "text/plain": textTable(value, options) })
  }
  return display({
    "image/svg+xml": value.svg,
    "image/png": Buffer.from(value.png).toString("base64"),
    "text/plain": `[figure: ${visible(value.title)}]`
  }, { "image/png": { width: value.width } })
}
