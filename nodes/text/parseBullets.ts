/**
 * A specification as a plain list, as the paper describes its own: one bullet a clause, `- **C3 Art** (art): text`, with
 * lines below that are indented. The id is the first word of the bold part where it has a digit, else the bold part in
 * lower case; the brackets hold categories. An indented bullet that begins with `Example:` is an example.
 */
import type { FoundClause } from "./parseSpec.ts"

/** How the bullet of a clause begins. */
export const bulletStart = /^[-*]\s+\*\*(.+?)\*\*\s*(?:\(([^)]*)\))?\s*:?\s*(.*)$/

const exampleLine = /^\s+[-*]\s+example:\s*(.+)$/i

const named = (bold: string): { readonly clauseId: string; readonly title: string } => {
  const [, first, rest] = /^(\S*\d\S*?):?\s+(.*)$/.exec(bold.trim()) ?? []
  if (first !== undefined) return { clauseId: first, title: rest! }
  const title = bold.trim().replace(/:$/, "")
  return { clauseId: title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, ""), title }
}

/** Clauses of the bullets in file order, their indented lines with them; other lines belong to no clause. */
export const parseBullets = (lines: ReadonlyArray<string>): ReadonlyArray<FoundClause> => {
  const drafts: Array<{ found: RegExpExecArray; line: number; below: Array<string> }> = []
  for (const [index, line] of lines.entries()) {
    const found = bulletStart.exec(line)
    if (found !== null) drafts.push({ found, line: index + 1, below: [] })
    else if (line.trim() === "" || /^\s/.test(line)) drafts.at(-1)?.below.push(line)
  }
  return drafts.map(({ below, found, line }) => {
    const [, bold = "", categories = "", text = ""] = found
    const examples = below.flatMap((each) => exampleLine.exec(each)?.[1]?.trim() ?? [])
    const rest = below.filter((each) => !exampleLine.test(each)).map((each) => each.replace(/^ {2}|^\t/, ""))
    return {
      ...named(bold),
      categories: categories.split(",").map((each) => each.trim()).filter((each) => each !== ""),
      words: [],
      text: [text, ...rest].join("\n").trim(),
      examples,
      line
    }
  })
}
