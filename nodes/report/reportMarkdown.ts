/**
 * The report of a run as Markdown: what was measured and how sure it is, what to keep in mind, from which data, with
 * which settings. Pure: the same input gives the same bytes. Collecting the input is the caller's; the few lines that a
 * terminal shows are in `headline.ts`.
 */
import { agreementSection, passSection } from "./agreementSection.ts"
import { breakdownSections } from "./breakdownSections.ts"
import { changeSection } from "./changeSection.ts"
import { configSection } from "./configSection.ts"
import { correctionSection } from "./correctionSection.ts"
import { dataSection } from "./dataSection.ts"
import { bulletList, markdownText } from "./markdownTable.ts"
import { type Measured, measured, type MeasureRow } from "./MeasureRows.ts"
import type { ReportInput } from "./ReportInput.ts"
import { allMeasuresSection, resultsSection } from "./resultSections.ts"
import { rewardSection } from "./rewardSection.ts"
import { seedSection } from "./seedSection.ts"
import { type TopicIntervals, topicIntervals } from "./topicIntervals.ts"
import { verificationSection } from "./verificationSection.ts"

/** Intervals of rows by row, each made once: two sections print them. */
const makeIntervals = ({ board }: Measured, base: string) => {
  const known = new Map<MeasureRow, TopicIntervals>()
  return (row: MeasureRow): TopicIntervals => {
    const made = known.get(row) ?? topicIntervals(row.counts, board.arms, base)
    known.set(row, made)
    return made
  }
}

const baseOf = ({ base }: ReportInput, { board }: Measured): string => {
  const arm = base ?? board.arms[0]!
  if (!board.arms.includes(arm)) {
    throw new RangeError(`the base arm ${arm} has no scores; arms with scores: ${board.arms.join(", ")}`)
  }
  return arm
}

/**
 * Sections in this order: results, notes, change from the base (with two arms or more), by seed, corrected for the judge's
 * error, verification, two judges, pass@k, breakdowns, rewards of stage 2, all measures, data, configuration; those without input are
 * left out.
 *
 * **Fails**: `RangeError` for counts that are none, or a base without scores.
 */
export const reportMarkdown = (input: ReportInput): string => {
  const {
    agreement,
    config = [],
    data = [],
    judgeErrors = [],
    notes = [],
    pairs,
    passAt = [],
    rewards = [],
    verification
  } = input
  const one = measured(input)
  const scored = one.board.arms.length > 0
  const base = scored ? baseOf(input, one) : ""
  const intervals = makeIntervals(one, base)
  const sections = [
    `# ${markdownText(input.title)}`,
    resultsSection(one, intervals),
    ...(notes.length === 0 ? [] : [`## Notes\n\n${bulletList(notes)}`]),
    ...(one.board.arms.length < 2 ? [] : [changeSection(one, base, { intervals, pairs })]),
    seedSection(one, input.scores),
    correctionSection(one, judgeErrors),
    verification === undefined ? undefined : verificationSection(one, verification),
    ...(agreement === undefined || agreement.rows.length === 0
      ? []
      : [agreementSection(one, agreement.rows, agreement.about)]),
    ...(passAt.length === 0 ? [] : [passSection(one, passAt)]),
    ...breakdownSections(input),
    ...(rewards.length === 0 ? [] : [rewardSection(one, rewards)]),
    ...(scored ? [allMeasuresSection(one)] : []),
    ...(data.length === 0 ? [] : [dataSection(data)]),
    ...(config.length === 0 ? [] : [configSection(config)])
  ]
  return `${sections.filter((section) => section !== undefined).join("\n\n")}\n`
}
