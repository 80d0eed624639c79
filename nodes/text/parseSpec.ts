/**
 * The Markdown form of a safety specification: one second-level heading a clause, `## C3: title`, an optional line
 * `categories: a, b`, then the clause's text. Text before the first clause belongs to no clause.
 */
import * as Schema from "effect/Schema"
import type { ClauseRow } from "../service/Expert.ts"

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

const heading = /^##\s+(\S+?):\s*(.*)$/
const categoriesLine = /^categories:\s*(.*)$/i

interface Draft {
  readonly clauseId: string
  readonly title: string
  readonly line: number
  readonly body: Array<string>
}

/** The clauses in file order. Throws `SpecInvalid` for an empty file, a malformed heading, a repeated id, a clause without text. */
export const parseSpec = (file: string, text: string): ReadonlyArray<ClauseRow> => {
  const invalid = (line: number, reason: string, next: string) => new SpecInvalid({ file, line, reason, next })
  if (text.trim() === "") {
    throw invalid(0, "the specification is empty", "write clauses as `## C1: title` followed by text")
  }
  const drafts: Array<Draft> = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^##(\s|$)/.test(line)) {
      const match = heading.exec(line)
      if (match === null) {
        throw invalid(
          index + 1,
          `\`${line}\` is not a clause heading`,
          "write `## <id>: <title>`, for example `## C1: storage`"
        )
      }
      drafts.push({ clauseId: match[1]!, title: match[2]!.trim(), line: index + 1, body: [] })
    } else drafts.at(-1)?.body.push(line)
  }
  if (drafts.length === 0) {
    throw invalid(0, "there is no clause in it", "write clauses as `## C1: title` followed by text")
  }
  const seen = new Map<string, number>()
  return drafts.map(({ body, clauseId, line, title }) => {
    const before = seen.get(clauseId)
    if (before !== undefined) {
      throw invalid(
        line,
        `clause ${clauseId} is there twice, first on line ${before}`,
        "give every clause an id of its own"
      )
    }
    seen.set(clauseId, line)
    const first = body.findIndex((each) => each.trim() !== "")
    const categories = first < 0 ? null : categoriesLine.exec(body[first]!)
    const clause = body.slice(categories === null ? 0 : first + 1).join("\n").trim()
    if (clause === "") {
      throw invalid(line, `clause ${clauseId} has no text`, "write what it forbids and allows below its heading")
    }
    return {
      clauseId,
      title,
      categories: (categories?.[1] ?? "").split(",").map((each) => each.trim()).filter((each) => each !== ""),
      text: clause
    }
  })
}
