/**
 * The few lines of a report that a terminal shows as they are: title, headline table, notes. Everything else is in the
 * full report (`reportMarkdown.ts`).
 */
import { bulletList, markdownText } from "./markdownTable.ts"
import { measured } from "./MeasureRows.ts"
import type { ReportInput } from "./ReportInput.ts"
import { terseResults } from "./resultSections.ts"
import { wrapMarkdown } from "./wrapMarkdown.ts"

/**
 * Markdown that reads well unrendered: at most 110 columns wide with up to three arms. Rates come with Wilson's interval
 * alone.
 *
 * **Fails**: `RangeError` for counts that are none.
 */
export const headline = (input: ReportInput): string => {
  const { notes = [] } = input
  const parts = [
    `# ${markdownText(input.title)}`,
    ...terseResults(measured(input)),
    ...(notes.length === 0 ? [] : [bulletList(notes)])
  ]
  return wrapMarkdown(`${parts.join("\n\n")}\n`)
}
