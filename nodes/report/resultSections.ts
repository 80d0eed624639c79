/**
 * The measured rates as Markdown, measures down and arms across, so that tables stay narrow: the headline with Wilson's
 * intervals and those over topics, and all measures with their counts. Changes are in `changeSection.ts`.
 */
import type { TopicCounts } from "../maths/Interval.ts"
import { defaultDraws } from "../maths/resampleTopics.ts"
import { wilson } from "../maths/wilson.ts"
import { absent, percent, percentRange, range } from "./formatShare.ts"
import { markdownTable } from "./markdownTable.ts"
import { answersOf, type Measured, type MeasureRow, neverLine, splitByHits } from "./MeasureRows.ts"
import * as Scoreboard from "./Scoreboard.ts"
import type { TopicIntervals } from "./topicIntervals.ts"

const nothingScored = "Nothing was scored."

const arrowsSay = "↓: lower is better, ↑: higher is better."

/** `93.7 (90–96)`: a rate in percent and Wilson's interval. */
const rateCell = (counts: TopicCounts): string => {
  const count = Scoreboard.total(counts)
  return count.n === 0 ? absent : `${percent(count.hits / count.n)} (${percentRange(wilson(count))})`
}

/** `281/300 = 93.7 (90–96)` */
const countCell = (counts: TopicCounts): string => {
  const { hits, n } = Scoreboard.total(counts)
  return n === 0 ? absent : `${hits}/${n} = ${rateCell(counts)}`
}

/** How many topics a row is about: one number, or the range over the arms that were measured. */
const topicsOf = (board: Scoreboard.Scoreboard, row: MeasureRow): string =>
  range(
    board.arms.map((arm) => [...row.counts(arm).values()].filter(({ n }) => n > 0).length)
      .filter((topics) => topics > 0)
  )

const rowTable = (
  { board, titles }: Measured,
  rows: ReadonlyArray<MeasureRow>,
  { arms = board.arms, cell, second, title = (row) => row.title }: {
    readonly arms?: ReadonlyArray<string>
    readonly title?: (row: MeasureRow, above: MeasureRow | undefined) => string
    readonly second: { readonly header: string; readonly of: (row: MeasureRow) => string }
    readonly cell: (row: MeasureRow, arm: string) => string
  }
): string =>
  markdownTable(
    [
      { header: "measure" },
      { header: second.header, align: "right" },
      ...arms.map((arm) => ({ header: titles.arm(arm), align: "right" as const }))
    ],
    rows.map((row, i) => [title(row, rows[i - 1]), second.of(row), ...arms.map((arm) => cell(row, arm))]),
    { padded: true }
  )

/** What needs a sentence below a table of these rows. */
const below = ({ board }: Measured, { hit, never }: ReturnType<typeof splitByHits>): ReadonlyArray<string> => [
  ...hit.flatMap(({ remark }) => remark === undefined ? [] : [remark]),
  ...neverLine(board, never)
]

/** The section `Results`: the headline measures, with intervals over topics. */
export const resultsSection = (
  one: Measured,
  intervals: (row: MeasureRow) => TopicIntervals
): string => {
  if (one.board.arms.length === 0) return `## Results\n\n${nothingScored}`
  const rows = splitByHits(one.board, one.headline)
  const cell = (row: MeasureRow, arm: string): string => {
    const rate = rateCell(row.counts(arm))
    if (rate === absent) return absent
    const interval = intervals(row).share(arm)
    return `${rate} [${interval === null ? absent : percentRange(interval)}]`
  }
  const sentences = below(one, rows)
  return [
    "## Results",
    "Percent of n answers; in ( ) Wilson's 95 % interval, which takes answers as independent; in [ ] the 95 % interval "
    + `of a bootstrap over topics (${defaultDraws} draws, a topic comes with all its answers), which has no width where `
    + `all topics agree. ${arrowsSay}`,
    ...(rows.hit.length === 0 ? [] : [rowTable(one, rows.hit, { second: answers(one), cell })]),
    ...(sentences.length === 0 ? [] : [sentences.join(" ")])
  ].join("\n\n")
}

/** Arms a terminal's table has room for; more are set below each other. */
const armsAcross = 5

const groupsOfArms = (arms: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  Array.from(
    { length: Math.ceil(arms.length / armsAcross) },
    (_, i) => arms.slice(i * armsAcross, (i + 1) * armsAcross)
  )

/** The headline measures in few columns of a terminal: Wilson's intervals only, a metric is named once. */
export const terseResults = (one: Measured): ReadonlyArray<string> => {
  if (one.board.arms.length === 0) return [nothingScored]
  const rows = splitByHits(one.board, one.headline)
  const continued = (row: MeasureRow, above: MeasureRow | undefined): string =>
    row.kind === above?.kind ? row.title.replace(`${row.kind}, `, "… ") : row.title
  const sentences = below(one, rows)
  return [
    `Percent of n answers, in ( ) Wilson's 95 % interval. ${arrowsSay}`,
    ...(rows.hit.length === 0 ? [] : groupsOfArms(one.board.arms).map((arms) =>
      rowTable(one, rows.hit, {
        arms,
        title: continued,
        second: answers(one),
        cell: (row, arm) => rateCell(row.counts(arm))
      })
    )),
    ...(sentences.length === 0 ? [] : [sentences.join(" ")])
  ]
}

/** The section `All measures`: every metric on every set with its counts. */
export const allMeasuresSection = (one: Measured): string => {
  const rows = splitByHits(one.board, one.all)
  return [
    "## All measures",
    "Hits of n answers, percent, in ( ) Wilson's 95 % interval.",
    ...(rows.hit.length === 0 ? [] : [
      rowTable(one, rows.hit, {
        second: { header: "topics", of: (row) => topicsOf(one.board, row) },
        cell: (row, arm) => countCell(row.counts(arm))
      })
    ]),
    ...below(one, rows)
  ].join("\n\n")
}

const answers = ({ board }: Measured) => ({ header: "n", of: (row: MeasureRow) => answersOf(board, row) })
