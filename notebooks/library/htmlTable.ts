/**
 * Rows as an HTML table whose columns can be sorted. Cells hold what a model wrote: they are text, never HTML, what hides
 * in them is spelled out, and a cell that is cut says how long it is.
 */
import type { Cell } from "../../cache/Columns.ts"
import { characterCount, isNumeric, shortCell } from "../../runtime/terminal/cellText.ts"
import { count } from "../../runtime/terminal/format.ts"
import { visible } from "../../runtime/terminal/text.ts"
import { sortScript, tableName } from "./sortScript.ts"

export interface TableOptions {
  /** Rows shown; 50 unless told. */
  readonly limit?: number
  /** Characters shown of a cell; 300 unless told. */
  readonly cut?: number
}

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;"
}

/** Text as it stands in HTML. Line feeds stay; everything else that acts or hides is spelled out. */
export const escapeHtml = (text: string): string =>
  text.split("\n").map(visible).join("\n").replace(/[&<>"']/gu, (character) => entities[character]!)

export const dim = (html: string): string => `<span style="color: #6b7079">${html}</span>`

/** At most `most` characters, none of them half. */
export const head = (text: string, most: number): string => {
  const kept = text.slice(0, most)
  return /[\ud800-\udbff]$/.test(kept) && kept.length < text.length ? kept.slice(0, -1) : kept
}

/** A text as HTML, cut after `most` characters; then it says how long it is. */
export const cutHtml = (text: string, most: number): string =>
  text.length <= most
    ? escapeHtml(text)
    : `${escapeHtml(head(text, most))}… ${dim(`(${count(characterCount(text))} characters)`)}`

const cellHtml = (cell: Cell | undefined, most: number): string =>
  cell === null || cell === undefined ? dim("null") : cutHtml(shortCell(cell), most)

/** What the sorting script reads of a cell. */
const sortKey = (cell: Cell | undefined): string => {
  if (cell === null || cell === undefined) return " data-null=\"1\""
  return typeof cell === "number" || typeof cell === "bigint" ? ` data-number="${cell}"` : ""
}

/** Columns of rows that need not all have the same. */
export const columnNames = (rows: ReadonlyArray<object>): ReadonlyArray<string> => [
  ...new Set(rows.flatMap((row) => Object.keys(row)))
]

type Rows = ReadonlyArray<{ readonly [column: string]: Cell | undefined }>

/** The table, and below it how many rows there are where not all are shown. */
export const htmlTable = (rows: Rows, { cut = 300, limit = 50 }: TableOptions = {}): string => {
  if (rows.length === 0) return "<p>no rows</p>"
  const names = columnNames(rows)
  const shown = rows.slice(0, limit)
  const styles = names.map((name) => {
    const right = isNumeric(shown.map((row) => row[name] ?? null))
    return `text-align: ${right ? "right" : "left"}; vertical-align: top; white-space: pre-wrap`
  })
  const heads = names.map((name, i) => `<th style="${styles[i]!}">${escapeHtml(name)}</th>`)
  const body = shown.map((row) =>
    names.map((name, i) => `<td style="${styles[i]!}"${sortKey(row[name])}>${cellHtml(row[name], cut)}</td>`)
  )
  const content = [
    `<thead><tr>${heads.join("")}</tr></thead>`,
    "<tbody>",
    ...body.map((cells) => `<tr>${cells.join("")}</tr>`),
    "</tbody>"
  ].join("\n")
  const named = tableName(content)
  return [
    // The class keeps formulas out of `$`, which models write.
    `<table class="tex2jax_ignore mathjax_ignore" data-table="${named}">`,
    content,
    "</table>",
    ...(shown.length < rows.length ? [`<p>${count(shown.length)} of ${count(rows.length)} rows</p>`] : []),
    ...(shown.length > 1 ? [`<script>${sortScript(named)}</script>`] : [])
  ].join("\n")
}
