/**
 * Markdown as it is read on a terminal that is narrower than its lines: paragraphs and list items are wrapped, and a
 * table that is too wide becomes several that each fit, every one with the first column. Rendering is not this file's
 * business: what fits is left as it is.
 */
import { displayWidth, pad, wrap } from "./text.ts"

/** The first column names the rows: it gets at most this share of the width, and its names are wrapped. */
const nameShare = 0.5

const isRule = (line: string): boolean => /^\|[\s:|-]+\|$/.test(line)

/** The cells of a line of a table; a bar behind a backslash is text. */
const cellsOf = (line: string): ReadonlyArray<string> =>
  line.replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim())

type Row = ReadonlyArray<string>

const widthsOf = (rows: ReadonlyArray<Row>): ReadonlyArray<number> =>
  rows[0]!.map((_, k) => rows.reduce((widest, row) => Math.max(widest, displayWidth(row[k] ?? "")), 3))

/** What a table's borders add to the width of a column. */
const border = 3

/** Columns behind the first, in groups that fit beside it; one that fits nowhere stands alone. */
const groupsOf = (widths: ReadonlyArray<number>, room: number): ReadonlyArray<ReadonlyArray<number>> => {
  const groups: Array<Array<number>> = []
  let left = 0
  for (let k = 1; k < widths.length; k++) {
    const needed = widths[k]! + border
    if (groups.length === 0 || needed > left) {
      groups.push([])
      left = room
    }
    groups.at(-1)!.push(k)
    left -= needed
  }
  return groups
}

/** A table of some columns behind the first, whose cells are wrapped to `name` columns. */
const tableOf = (
  rows: ReadonlyArray<Row>,
  name: number,
  chosen: ReadonlyArray<number>,
  right: ReadonlyArray<boolean>
) => {
  const widths = widthsOf(rows)
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`
  const lines = rows.flatMap((row) => {
    const names = wrap(row[0]!, name)
    return names.map((part, at) => [
      pad(part, name),
      ...chosen.map((k) => pad(at === 0 ? row[k] ?? "" : "", widths[k]!, right[k] === true ? "right" : "left"))
    ])
  })
  const heading = wrap(rows[0]![0]!, name).length
  const rule = [name, ...chosen.map((k) => widths[k]!)].map((width) => "-".repeat(width))
  return [...lines.slice(0, heading), rule, ...lines.slice(heading)].map(line)
}

const fitTable = (lines: ReadonlyArray<string>, width: number): ReadonlyArray<string> => {
  if (lines.every((line) => displayWidth(line) <= width)) return lines
  const right = cellsOf(lines.find(isRule) ?? "").map((dashes) => dashes.endsWith(":"))
  const rows = lines.filter((line) => !isRule(line)).map(cellsOf)
  const widths = widthsOf(rows)
  const name = Math.min(widths[0]!, Math.max(8, Math.floor(width * nameShare) - border))
  return groupsOf(widths, width - name - border - 1)
    .flatMap((chosen, at) => [...(at === 0 ? [] : [""]), ...tableOf(rows, name, chosen, right)])
}

/** `markdown` in lines of at most `width` columns, as far as words and cells allow. */
export const fitMarkdown = (markdown: string, width: number): string => {
  const fitted: Array<string> = []
  let table: Array<string> = []
  const endTable = () => {
    fitted.push(...fitTable(table, width))
    table = []
  }
  for (const line of markdown.split("\n")) {
    if (line.startsWith("|")) {
      table.push(line)
      continue
    }
    if (table.length > 0) endTable()
    const [indent = ""] = /^(?:- | +)/.exec(line) ?? []
    const wrapped = displayWidth(line) <= width ? [line] : wrap(line.slice(indent.length), width - indent.length)
    if (wrapped.length === 1 && wrapped[0] === line) fitted.push(line)
    else fitted.push(...wrapped.map((part, at) => (at === 0 ? indent : " ".repeat(indent.length)) + part))
  }
  if (table.length > 0) endTable()
  return fitted.join("\n")
}
