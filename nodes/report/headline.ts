/**
 * The few lines of a report that a terminal shows as they are: title, headline table, notes. Everything else is in the
 * full report (`reportMarkdown.ts`).
 */
import { wrap } from "../../runtime/terminal/text.ts"
import { markdownText } from "./markdownTable.ts"
import { measured } from "./MeasureRows.ts"
import type { ReportInput } from "./ReportInput.ts"
import { terseResults } from "./resultSections.ts"

/** Columns of a terminal that lines are broken at; a table may be wider if titles of arms are. */
const width = 110

/** Tables stay as they are. */
const paragraph = (text: string): string => text.startsWith("|") ? text : wrap(text, width).join("\n")

/** Continued lines stand below the text of the bullet, so that the Markdown stays a list. */
const bullet = (note: string): string => `- ${wrap(note.replace(/\s+/gu, " ").trim(), width - 2).join("\n  ")}`

/**
 * Markdown that reads well unrendered: at most 110 columns wide with up to three arms. Rates come with Wilson's interval
 * alone.
 *
 * **Fails**: `RangeError` for counts that are none.
 */
export const headline = (input: ReportInput): string => {
  const { notes = [] } = input
  return `${
    [
      `# ${markdownText(input.title)}`,
      ...terseResults(measured(input)).map(paragraph),
      ...(notes.length === 0 ? [] : [notes.map(bullet).join("\n")])
    ].join("\n\n")
  }\n`
}
