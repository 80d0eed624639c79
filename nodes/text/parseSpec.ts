/**
 * The written forms of a safety specification. In the first, each clause has a second-level heading, `## C3: title`, and
 * below it, before the text, optional lines `categories: a, b` and `words: x, y`; after the text, `### Examples` and a list.
 * The second is a list, one bullet a clause; see `parseBullets.ts`. Text before the first clause belongs to no clause.
 */
import * as Schema from "effect/Schema"
import type { Row } from "../../runtime/Type.ts"
import type { SpecClause } from "../tables.ts"
import { bulletStart, parseBullets } from "./parseBullets.ts"

export type SpecClauseRow = Row<typeof SpecClause.columns>

/** The specification cannot be read as one. `line` counts from 1; 0 stands for the whole file. */
export class SpecInvalid extends Schema.TaggedError<SpecInvalid>()("SpecInvalid", {
  file: Schema.String,
  line: Schema.Int,
  reason: Schema.String,
  next: Schema.String
}) {
  override get message() {
    return `${this.file}${this.line > 0 ? `:${this.line}` : ""}: ${this.reason}; ${this.next}`
  }
}

/** A clause as it was found, with the line it begins on. */
export interface FoundClause extends SpecClauseRow {
  readonly line: number
}

type Refuse = (line: number, reason: string, next: string) => SpecInvalid

const heading = /^##\s+(\S+?):\s*(.*)$/
const attribute = /^(categories|words):\s*(.*)$/i
const examplesHeading = /^###\s+examples\s*$/i

/** A list in one line. */
export const commaList = (text: string): ReadonlyArray<string> =>
  text.split(",").map((each) => each.trim()).filter((each) => each !== "")

/** Text and examples below a heading, and the attributes above the text. */
const parseBody = (lines: ReadonlyArray<string>) => {
  const attributes: { [name: string]: ReadonlyArray<string> } = {}
  let start = 0
  while (start < lines.length) {
    const line = lines[start]!.trim()
    const found = attribute.exec(line)
    if (found !== null) attributes[found[1]!.toLowerCase()] = commaList(found[2]!)
    else if (line !== "") break
    start++
  }
  const examplesAt = lines.findIndex((line, i) => i >= start && examplesHeading.test(line.trim()))
  const end = examplesAt < 0 ? lines.length : examplesAt
  return {
    categories: attributes["categories"] ?? [],
    words: attributes["words"] ?? [],
    text: lines.slice(start, end).join("\n").trim(),
    examples: lines.slice(end + 1).filter((line) => /^\s*[-*]\s+\S/.test(line)).map((line) =>
      line.replace(/^\s*[-*]\s+/, "").trim()
    )
  }
}

const parseHeadings = (lines: ReadonlyArray<string>, refuse: Refuse): ReadonlyArray<FoundClause> => {
  const drafts: Array<{ clauseId: string; title: string; line: number; body: Array<string> }> = []
  for (const [index, line] of lines.entries()) {
    if (/^##(\s|$)/.test(line)) {
      const match = heading.exec(line)
      if (match === null) {
        throw refuse(
          index + 1,
          `\`${line}\` is not a clause heading`,
          "write `## <id>: <title>`, for example `## C1: storage`"
        )
      }
      drafts.push({ clauseId: match[1]!, title: match[2]!.trim(), line: index + 1, body: [] })
    } else drafts.at(-1)?.body.push(line)
  }
  return drafts.map(({ body, clauseId, line, title }) => ({ clauseId, title, line, ...parseBody(body) }))
}

/** The clauses with their lines. Throws like `parseSpec`. */
export const findClauses = (file: string, text: string): ReadonlyArray<FoundClause> => {
  const refuse: Refuse = (line, reason, next) => new SpecInvalid({ file, line, reason, next })
  const lines = text.split(/\r?\n/)
  const write = "write clauses as `## C1: title` followed by text, or as bullets `- **C1 title** (category): text`"
  if (text.trim() === "") throw refuse(0, "the specification is empty", write)
  const clauses = lines.some((line) => /^##(\s|$)/.test(line))
    ? parseHeadings(lines, refuse)
    : lines.some((line) => bulletStart.test(line))
    ? parseBullets(lines)
    : []
  if (clauses.length === 0) throw refuse(0, "there is no clause in it", write)
  const seen = new Map<string, number>()
  for (const { clauseId, line, text } of clauses) {
    const before = seen.get(clauseId)
    if (before !== undefined) {
      throw refuse(
        line,
        `clause ${clauseId} is there twice, first on line ${before}`,
        "give every clause an id of its own"
      )
    }
    seen.set(clauseId, line)
    if (text === "") {
      throw refuse(line, `clause ${clauseId} has no text`, "write what it forbids and allows below its heading")
    }
  }
  return clauses
}

/** The clauses in file order. Throws `SpecInvalid` for an empty file, a malformed heading, a repeated id, a clause without text. */
export const parseSpec = (file: string, text: string): ReadonlyArray<SpecClauseRow> =>
  findClauses(file, text).map(({ line: _, ...clause }) => clause)
