/**
 * The measured rates as Markdown, measures down and arms across, so that tables stay narrow: the headline with Wilson's
 * intervals and those over topics, and all measures with their counts. Changes are in `changeSection.ts`.
 */
import { clusterBootstrap } from "../maths/clusterBootstrap.ts"
import type { TopicCounts } from "../maths/Interval.ts"
import { defaultDraws } from "../maths/resampleTopics.ts"
import { wilson } from "../maths/wilson.ts"
import { absent, percent, percentRange, range } from "./formatShare.ts"
import { markdownTable } from "./markdownTable.ts"
import { answersOf, type Measured, type MeasureRow, neverLine, splitByHits } from "./MeasureRows.ts"
import * as Scoreboard from "./Scoreboard.ts"

/** What a report says where it has no scores. */
export const nothingScored = "Nothing was scored."

const arrowsSay = "↓: lower is better, ↑: higher is better."

/** `93.7 (90–96)`: a rate in percent and Wilson's interval. */
export const rateCell = (counts: TopicCounts): string => {
  const count = Scoreboard.total(counts)
  return count.n === 0 ? absent : `${percent(count.hits / count.n)} (${percentRange(wilson(count))})`
}

/** `93.7 (90–96) [91–97]`: with the interval over topics. */
const topicCell = (counts: TopicCounts): string => {
  const { interval, n } = clusterBootstrap(counts)
  return n === 0 ? absent : `${rateCell(counts)} [${interval === null ? absent : percentRange(interval)}]`
}

/** `281/300 = 93.7 (90–96)` */
const countCell = (counts: TopicCounts): string => {
  const { hits, n } = Scoreboard.total(counts)
  return n === 0 ? absent : `${hits}/${n} = ${rateCell(counts)}`
}

const topicsOf = (board: Scoreboard.Scoreboard, row: MeasureRow): string =>
  range(
    board.arms.map((arm) => [...row.counts(arm).values()].filter(({ n }) => n > 0).length).filter((topics) =>
      topics > 0
    )
  )

const rowTable = (
  { board, titles }: Measured,
  rows: ReadonlyArray<MeasureRow>,
  { cell, second }: {
    readonly second: { readonly header: string; readonly of: (row: MeasureRow) => string }
    readonly cell: (counts: TopicCounts) => string
  }
): string =>
  markdownTable(
    [
      { header: "measure" },
      { header: second.header, align: "right" },
      ...board.arms.map((arm) => ({ header: titles.arm(arm), align: "right" as const }))
    ],
    rows.map((row) => [row.title, second.of(row), ...board.arms.map((arm) => cell(row.counts(arm)))]),
    { padded: true }
  )

/** The table of headline measures and the sentences it needs, above and below it. `topics`: with intervals over topics. */
export const headlineParts = (
  one: Measured,
  { topics }: { readonly topics: boolean }
): { readonly above: string; readonly table: ReadonlyArray<string>; readonly below: ReadonlyArray<string> } => {
  const { hit, never } = splitByHits(one.board, one.headline)
  return {
    above: topics
      ? `Percent of n answers; in ( ) Wilson's 95 % interval, which takes answers as independent; in [ ] the 95 % interval `
        + `of a bootstrap over topics (${defaultDraws} draws, a topic comes with all its answers), which has no width `
        + `where all topics agree. ${arrowsSay}`
      : `Percent of n answers, in ( ) Wilson's 95 % interval. ${arrowsSay}`,
    table: hit.length === 0 ? [] : [rowTable(one, hit, {
      second: { header: "n", of: (row) => answersOf(one.board, row) },
      cell: topics ? topicCell : rateCell
    })],
    below: [...hit.flatMap(({ remark }) => remark === undefined ? [] : [remark]), ...neverLine(one.board, never)]
  }
}

/** The section `Results`: the headline measures. */
export const resultsSection = (one: Measured): string => {
  if (one.board.arms.length === 0) return `## Results\n\n${nothingScored}`
  const { above, below, table } = headlineParts(one, { topics: true })
  return ["## Results", above, ...table, ...(below.length === 0 ? [] : [below.join(" ")])].join("\n\n")
}

/** The section `All measures`: every metric on every set with its counts. */
export const allMeasuresSection = (one: Measured): string => {
  const { hit, never } = splitByHits(one.board, one.all)
  return [
    "## All measures",
    "Hits of n answers, percent, in ( ) Wilson's 95 % interval.",
    ...(hit.length === 0 ? [] : [rowTable(one, hit, {
      second: { header: "topics", of: (row) => topicsOf(one.board, row) },
      cell: countCell
    })]),
    ...neverLine(one.board, never)
  ].join("\n\n")
}
