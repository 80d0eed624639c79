/**
 * The measured rates as Markdown: with Wilson's intervals, with intervals over topics, as changes from the base, and as
 * bare counts.
 */
import { clusterBootstrap } from "../maths/clusterBootstrap.ts"
import type { TopicCounts } from "../maths/Interval.ts"
import { mcnemarExact } from "../maths/mcnemarExact.ts"
import { pairedClusterBootstrap } from "../maths/pairedClusterBootstrap.ts"
import { defaultDraws } from "../maths/resampleTopics.ts"
import { wilson } from "../maths/wilson.ts"
import { absent, percent, percentRange, points, pointsRange, pValue, range } from "./formatShare.ts"
import { markdownTable, markdownText } from "./markdownTable.ts"
import type { ReportInput } from "./ReportInput.ts"
import * as Scoreboard from "./Scoreboard.ts"
import * as Titles from "./Titles.ts"

/** One row per arm, one column per measure; `cell` prints what was measured. */
const armTable = (
  board: Scoreboard.Scoreboard,
  titles: Titles.Titles,
  { arms = board.arms, cell, header }: {
    readonly arms?: ReadonlyArray<string>
    readonly cell: (counts: TopicCounts, arm: string, measure: Scoreboard.Measure) => string
    readonly header?: (measure: Scoreboard.Measure) => string
  }
): string => {
  const title = (measure: Scoreboard.Measure) => `${titles.metric(measure.metric)} ${markdownText(measure.set)}`
  return markdownTable(
    [
      { header: "arm" },
      ...board.measures.map((measure) => ({
        header: title(measure) + (header?.(measure) ?? ""),
        align: "right" as const
      }))
    ],
    arms.map((arm) => [
      titles.arm(arm),
      ...board.measures.map((measure) => {
        const counts = board.cell(arm, measure)
        return Scoreboard.total(counts).n === 0 ? absent : cell(counts, arm, measure)
      })
    ])
  )
}

const wilsonCell = (counts: TopicCounts): string => {
  const count = Scoreboard.total(counts)
  return `${percent(count.hits / count.n)} (${percentRange(wilson(count))})`
}

const topicCell = (counts: TopicCounts): string => {
  const { hits, interval, n } = clusterBootstrap(counts)
  return `${percent(hits / n)} [${interval === null ? absent : percentRange(interval)}]`
}

const countCell = (counts: TopicCounts): string => {
  const { hits, n } = Scoreboard.total(counts)
  const topics = [...counts.values()].filter((count) => count.n > 0).length
  return `${hits}/${n}, ${topics} ${topics === 1 ? "topic" : "topics"}`
}

/** Topics that exactly one arm hit, where every topic is one answer; null where some topic has more. */
const discordant = (arm: TopicCounts, base: TopicCounts): { onlyArm: number; onlyBase: number } | null => {
  const pairs = { onlyArm: 0, onlyBase: 0 }
  for (const [topic, count] of arm) {
    const other = base.get(topic)
    if (other === undefined) continue
    if (count.n !== 1 || other.n !== 1) return null
    if (count.hits > other.hits) pairs.onlyArm++
    if (count.hits < other.hits) pairs.onlyBase++
  }
  return pairs
}

const changeSection = (
  board: Scoreboard.Scoreboard,
  titles: Titles.Titles,
  input: ReportInput,
  base: string
): string => {
  const unpaired: Array<string> = []
  let tested = false
  const cell = (counts: TopicCounts, arm: string, measure: Scoreboard.Measure): string => {
    const baseCounts = board.cell(base, measure)
    const change = pairedClusterBootstrap(counts, baseCounts)
    if (change.difference === null) return absent
    if (change.unpaired > 0) {
      unpaired.push(
        `${titles.arm(arm)}, ${titles.metric(measure.metric)} ${markdownText(measure.set)}: ${change.unpaired}`
      )
    }
    const pairs = input.pairs === undefined
      ? discordant(counts, baseCounts)
      : input.pairs.find((pair) => pair.arm === arm && pair.set === measure.set && pair.metric === measure.metric)
    const interval = `${points(change.difference)} [${
      change.interval === null ? absent : pointsRange(change.interval)
    }]`
    if (pairs === null || pairs === undefined) return interval
    tested = true
    return `${interval}, ${pValue(mcnemarExact(pairs.onlyArm, pairs.onlyBase))}`
  }
  const table = armTable(board, titles, { arms: board.arms.filter((arm) => arm !== base), cell })
  return [
    `## Change from ${titles.arm(base)}`,
    "Percentage points, paired by topic; in brackets the 95 % interval of a bootstrap over the common topics."
    + (tested ? " p: McNemar's exact test, two-sided, prompts taken as independent." : "")
    + " Nothing here is corrected for the number of comparisons.",
    table,
    ...(unpaired.length === 0
      ? []
      : [`Topics that only one of the two arms answered are left out: ${unpaired.join("; ")}.`])
  ].join("\n\n")
}

/**
 * The sections `Results`, `Intervals over topics`, `Change from ...` (with two arms or more) and `Counts`.
 *
 * **Fails**: `RangeError` for counts that are none, or a base without scores.
 */
export const resultSections = (input: ReportInput): ReadonlyArray<string> => {
  const board = Scoreboard.make(input.scores, {
    arms: (input.arms ?? []).map(({ arm }) => arm),
    metrics: (input.metrics ?? []).map(({ metric }) => metric)
  })
  const titles = Titles.make(input)
  const base = input.base ?? board.arms[0]
  if (base === undefined) return ["## Results\n\nNothing was scored."]
  if (!board.arms.includes(base)) {
    throw new RangeError(`the base arm ${base} has no scores; arms with scores: ${board.arms.join(", ")}`)
  }
  const answers = (measure: Scoreboard.Measure) =>
    range(board.arms.map((arm) => Scoreboard.total(board.cell(arm, measure)).n).filter((n) => n > 0))
  return [
    [
      "## Results",
      "Percent of n answers; in parentheses the 95 % Wilson interval, answers taken as independent.",
      armTable(board, titles, { cell: wilsonCell, header: (measure) => `, n = ${answers(measure)}` })
    ].join("\n\n"),
    [
      "## Intervals over topics",
      `The same rates; in brackets the 95 % percentile bootstrap over topics (${defaultDraws} draws, a topic comes `
      + "with all its answers). Where all topics agree it has no width and Wilson's interval is the one to read.",
      armTable(board, titles, { cell: topicCell })
    ].join("\n\n"),
    ...(board.arms.length < 2 ? [] : [changeSection(board, titles, input, base)]),
    ["## Counts", armTable(board, titles, { cell: countCell })].join("\n\n")
  ]
}
