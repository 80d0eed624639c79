/**
 * One row to read: the prompt, what was thought and answered, the critique with the clauses it cites marked, the verdict.
 * Everything in it may be a model's and is text; other columns stand in small print above.
 */
import type { Cell } from "../../cache/Columns.ts"
import { characterCount, fullCell, shortCell } from "../../runtime/terminal/cellText.ts"
import { counted } from "../../runtime/terminal/format.ts"
import { visible, wrap } from "../../runtime/terminal/text.ts"
import { cutHtml, dim, escapeHtml, head } from "./htmlTable.ts"

/** A row of any table. Columns named `prompt`, `reasoning`, `answer`, `critique`, `verdict`, `cited` have their places. */
export interface TranscriptRow {
  readonly [column: string]: Cell | undefined
}

/** A clause of a specification, as `loadSpec` has it. */
export interface SpecClause {
  readonly clauseId: string
  readonly title?: string
  readonly text: string
}

export interface TranscriptOptions {
  /** Clauses that the critique may cite: those it does are shown below it. */
  readonly clauses?: ReadonlyArray<SpecClause>
  /** Characters shown of a text; 4,000 unless told. */
  readonly cut?: number
}

/** A row made to be read: give it to `show`. */
export class Transcript {
  readonly html: string
  readonly text: string

  constructor(html: string, text: string) {
    this.html = html
    this.text = text
  }
}

/** Columns with a text of their own, in the order of reading. */
const parts = ["prompt", "reasoning", "answer", "critique"] as const

const placed = new Set<string>([...parts, "verdict", "cited"])

/** Columns of text for the form without HTML. */
const textWidth = 100

const colours: { readonly [verdict: string]: string } = { safe: "#0b7a5c", unsafe: "#b3261e" }

const titleOf = (name: string): string => `${name[0]!.toUpperCase()}${name.slice(1)}`

const citedOf = ({ cited }: TranscriptRow): ReadonlyArray<string> => Array.isArray(cited) ? cited.map(String) : []

const escapeRegExp = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/gu, "\\$&")

/** A text as HTML in which the cited clauses' names are marked. */
const marked = (text: string, cited: ReadonlyArray<string>, cut: number): string => {
  if (cited.length === 0 || text.length > cut) return cutHtml(text, cut)
  const longestFirst = [...cited].sort((a, b) => b.length - a.length).map(escapeRegExp)
  const names = new RegExp(`(?<![\\w-])(${longestFirst.join("|")})(?![\\w-])`, "u")
  return text.split(names).map((piece, i) => i % 2 === 1 ? `<mark>${escapeHtml(piece)}</mark>` : escapeHtml(piece))
    .join("")
}

const rest = (row: TranscriptRow): string =>
  Object.entries(row)
    .filter(([name, cell]) => !placed.has(name) && cell !== null && cell !== undefined)
    .map(([name, cell]) => `${name} ${shortCell(cell!)}`)
    .join(" · ")

const clauseText = ({ clauseId, text, title }: SpecClause): string =>
  `${clauseId}${title === undefined || title === "" ? "" : ` ${title}`}: ${text}`

const verdictHtml = (verdict: Cell): string => {
  const text = shortCell(verdict)
  return `<p style="margin: 8px 0 0"><b style="color: ${colours[text] ?? "inherit"}">Verdict: ${
    escapeHtml(text)
  }</b></p>`
}

const htmlOf = (row: TranscriptRow, clauses: ReadonlyArray<SpecClause>, cut: number): string => {
  const cited = citedOf(row)
  const sections = parts.flatMap((name) => {
    const cell = row[name]
    if (cell === null || cell === undefined || cell === "") return []
    const style = name === "reasoning" ? "; font-style: italic; color: #5b6472" : ""
    return [
      `<div style="margin-top: 8px; font-weight: 600">${titleOf(name)}</div>`,
      `<div style="white-space: pre-wrap${style}">${
        marked(fullCell(cell), name === "critique" ? cited : [], cut)
      }</div>`
    ]
  })
  return [
    "<div class=\"tex2jax_ignore mathjax_ignore\" "
    + "style=\"border: 1px solid #c9ced6; border-radius: 6px; padding: 8px 14px 12px; margin: 6px 0; max-width: 60em\">",
    dim(cutHtml(rest(row), 400)),
    ...sections,
    ...clauses.map((clause) =>
      `<div style="margin: 4px 0 0 1em"><mark>${cutHtml(clauseText(clause), cut)}</mark></div>`
    ),
    ...(row["verdict"] === null || row["verdict"] === undefined ? [] : [verdictHtml(row["verdict"])]),
    "</div>"
  ].join("\n")
}

const indented = (text: string): ReadonlyArray<string> =>
  wrap(text, textWidth - 2).map((line) => line === "" ? "" : `  ${line}`)

const cutText = (text: string, cut: number): string =>
  text.length <= cut ? text : `${head(text, cut)}… (${counted(characterCount(text), "character")})`

const textOf = (row: TranscriptRow, clauses: ReadonlyArray<SpecClause>, cut: number): string => {
  const above = rest(row)
  const sections = parts.flatMap((name) => {
    const cell = row[name]
    if (cell === null || cell === undefined || cell === "") return []
    return [titleOf(name), ...indented(cutText(fullCell(cell), cut))]
  })
  const verdict = row["verdict"] ?? null
  return [
    ...(above === "" ? [] : wrap(cutText(above, 400), textWidth)),
    ...sections,
    ...clauses.flatMap((clause) => indented(`cites ${cutText(clauseText(clause), cut)}`)),
    ...(verdict === null ? [] : [`Verdict: ${visible(shortCell(verdict))}`])
  ].join("\n")
}

/** A row as a text to read. A cut text says how long it is. */
export const transcript = (row: TranscriptRow, { clauses = [], cut = 4000 }: TranscriptOptions = {}): Transcript => {
  const cited = new Set(citedOf(row))
  const named = clauses.filter(({ clauseId }) => cited.has(clauseId))
  return new Transcript(htmlOf(row, named, cut), textOf(row, named, cut))
}
