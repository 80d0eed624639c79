/** How the headline measures of each arm differ from those of the base, paired by topic, as Markdown. */
import { holm } from "../maths/holm.ts"
import type { TopicCounts } from "../maths/Interval.ts"
import { mcnemarExact } from "../maths/mcnemarExact.ts"
import { absent, points, pointsRange, pValue } from "./formatShare.ts"
import { markdownTable } from "./markdownTable.ts"
import { type Measured, type MeasureRow, splitByHits } from "./MeasureRows.ts"
import type { DiscordantPairs } from "./ReportInput.ts"
import type { TopicIntervals } from "./topicIntervals.ts"

/** Topics that exactly one arm hit, where every topic is one answer; undefined where some topic has more. */
const discordant = (arm: TopicCounts, base: TopicCounts) => {
  const pairs = { onlyArm: 0, onlyBase: 0 }
  for (const [topic, count] of arm) {
    const other = base.get(topic)
    if (other === undefined) continue
    if (count.n !== 1 || other.n !== 1) return undefined
    if (count.hits > other.hits) pairs.onlyArm++
    if (count.hits < other.hits) pairs.onlyBase++
  }
  return pairs
}

interface Change {
  readonly text: string
  /** McNemar's; undefined where it could not be made. */
  readonly p?: number
  /** Topics that only one of the two arms answered. */
  readonly unpaired: number
}

interface ChangeOptions {
  readonly intervals: (row: MeasureRow) => TopicIntervals
  /** Without them, prompts are paired where every topic is one answer. */
  readonly pairs: ReadonlyArray<DiscordantPairs> | undefined
}

const change = (
  row: MeasureRow,
  arm: string,
  base: string,
  { intervals, pairs: told }: ChangeOptions
): Change => {
  const { difference, interval, unpaired } = intervals(row).change(arm)
  if (difference === null) return { text: absent, unpaired: 0 }
  const pairs = told === undefined
    ? discordant(row.counts(arm), row.counts(base))
    : told.find((pair) => pair.arm === arm && row.measure?.set === pair.set && row.measure.metric === pair.metric)
  const text = `${points(difference)} [${interval === null ? absent : pointsRange(interval)}]`
  return pairs === undefined
    ? { text, unpaired }
    : { text, p: mcnemarExact(pairs.onlyArm, pairs.onlyBase), unpaired }
}

/** The section `Change from ...`: one row per headline measure, one column per arm but the base. */
export const changeSection = (
  { board, headline, titles }: Measured,
  base: string,
  options: ChangeOptions
): string => {
  const arms = board.arms.filter((arm) => arm !== base)
  const rows = splitByHits(board, headline).hit.map((row) => ({
    title: row.title,
    changes: arms.map((arm) => change(row, arm, base, options))
  }))
  const unpaired = rows.flatMap(({ changes, title }) =>
    changes.flatMap((one, i) => one.unpaired === 0 ? [] : [`${titles.arm(arms[i]!)}, ${title}: ${one.unpaired}`])
  )
  const tests = rows.flatMap(({ changes }) => changes.flatMap(({ p }) => p ?? []))
  const adjusted = holm(tests)
  let next = 0
  const cell = ({ p, text }: Change): string => p === undefined ? text : `${text}, ${pValue(adjusted[next++]!)}`
  return [
    `## Change from ${titles.arm(base)}`,
    "Percentage points, paired by topic; in [ ] the 95 % interval of a bootstrap over the common topics."
    + (tests.length === 0
      ? ""
      : ` p: McNemar's exact test on common prompts, two-sided, prompts taken as independent, corrected by Holm's method for the ${tests.length} tests of this table.`)
    + " The intervals are not corrected for the number of comparisons.",
    markdownTable(
      [{ header: "measure" }, ...arms.map((arm) => ({ header: titles.arm(arm), align: "right" as const }))],
      rows.map(({ changes, title }) => [title, ...changes.map(cell)]),
      { padded: true }
    ),
    ...(unpaired.length === 0
      ? []
      : [`Topics that only one of the two arms answered are left out: ${unpaired.join("; ")}.`])
  ].join("\n\n")
}
