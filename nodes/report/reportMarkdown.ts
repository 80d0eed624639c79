/**
 * The report of a run as Markdown: what was measured and how sure it is, from which data, with which settings, and what
 * to keep in mind. Pure: the same input gives the same bytes. Collecting the input is the caller's.
 */
import { breakdownSections } from "./breakdownSections.ts"
import { configSection } from "./configSection.ts"
import { dataSection } from "./dataSection.ts"
import { markdownText } from "./markdownTable.ts"
import type { ReportInput } from "./ReportInput.ts"
import { resultSections } from "./resultSections.ts"

const bullet = (note: string) => `- ${note.replace(/\s+/gu, " ").trim()}`

/**
 * Sections in this order: results (Wilson, over topics, change from the base, counts), breakdowns, data, configuration,
 * notes; those without input are left out.
 *
 * **Fails**: `RangeError` for counts that are none, or a base without scores.
 */
export const reportMarkdown = (input: ReportInput): string => {
  const { config = [], data = [], notes = [] } = input
  const sections = [
    `# ${markdownText(input.title)}`,
    ...resultSections(input),
    ...breakdownSections(input),
    ...(data.length === 0 ? [] : [dataSection(data)]),
    ...(config.length === 0 ? [] : [configSection(config)]),
    ...(notes.length === 0 ? [] : [`## Notes\n\n${notes.map(bullet).join("\n")}`])
  ]
  return `${sections.join("\n\n")}\n`
}
