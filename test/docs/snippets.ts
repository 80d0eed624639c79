/**
 * The code in a page of Markdown: fenced blocks with what stands before them. Comments of three forms say how a block is
 * tried; readers of the page do not see them.
 *
 *     <!-- given … -->       lines that the next block needs and the page leaves out
 *     <!-- goes on -->       the next block stands in one module with the block before it
 *     <!-- not run: … -->    the next block is read, not run, and why
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { projectRoot } from "../support/pipeline.ts"

export interface Snippet {
  /** Below the root, as `docs/keys.md`. */
  readonly page: string
  /** Where its first line of code stands, from 1. */
  readonly line: number
  /** `ts`, `sh`, …; empty where the fence names none. */
  readonly language: string
  readonly code: string
  readonly given: string
  readonly goesOn: boolean
  readonly notRun: boolean
}

const comment = /^<!-- (given|goes on|not run)\b:?\s*([\s\S]*?)-->\n\s*/

/** Comments directly above a block, in order. */
const commentsBefore = (
  text: string
): { readonly given: string; readonly goesOn: boolean; readonly notRun: boolean } => {
  const last = /(?:<!-- (?:given|goes on|not run)\b(?:(?!-->)[\s\S])*-->\s*)*$/.exec(text)![0]
  let given = ""
  let goesOn = false
  let notRun = false
  for (let rest = last; rest !== "";) {
    const [all, kind, words] = comment.exec(rest) ?? [rest]
    if (kind === "given") given += words
    if (kind === "goes on") goesOn = true
    if (kind === "not run") notRun = true
    rest = rest.slice(all.length)
  }
  return { given, goesOn, notRun }
}

/** The fenced blocks of a page, in order. */
export const snippetsOf = (page: string): ReadonlyArray<Snippet> => {
  const text = readFileSync(join(projectRoot, page), "utf8")
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((found) => ({
    page,
    line: text.slice(0, found.index).split("\n").length + 1,
    language: found[1]!,
    code: found[2]!,
    ...commentsBefore(text.slice(0, found.index))
  }))
}
