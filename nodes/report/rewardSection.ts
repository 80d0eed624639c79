/**
 * What stage 2 earned, as Markdown: mean rewards at its beginning and its end, groups that could teach something, and the
 * share of rewards that could not be read, all samples together and by kind of prompt.
 */
import { wilson } from "../maths/wilson.ts"
import { absent, percent, percentRange } from "./formatShare.ts"
import { markdownTable, markdownText } from "./markdownTable.ts"
import type { Measured } from "./MeasureRows.ts"

/** The samples of one kind of prompt in one step of an arm's stage 2. */
export interface RewardRow {
  readonly arm: string
  /** From 1. */
  readonly step: number
  readonly kind: string
  readonly groups: number
  readonly mixedGroups: number
  readonly samples: number
  /** Samples without a reward. */
  readonly unparsable: number
  /** Of the others. */
  readonly rewardSum: number
}

const sumOf = (rows: ReadonlyArray<RewardRow>, of: (row: RewardRow) => number): number =>
  rows.reduce((sum, row) => sum + of(row), 0)

const meanReward = (rows: ReadonlyArray<RewardRow>): string => {
  const read = sumOf(rows, ({ samples, unparsable }) => samples - unparsable)
  return read === 0 ? absent : (sumOf(rows, ({ rewardSum }) => rewardSum) / read).toFixed(2)
}

/** `12/400 = 3.0 (2–5)` */
const countCell = (hits: number, n: number): string =>
  n === 0 ? absent : `${hits}/${n} = ${percent(hits / n)} (${percentRange(wilson({ hits, n }))})`

const line = (arm: string, kind: string, rows: ReadonlyArray<RewardRow>): ReadonlyArray<string> => {
  const steps = rows.reduce((most, { step }) => Math.max(most, step), 0)
  const tenth = Math.max(1, Math.floor(steps / 10))
  return [
    arm,
    kind,
    `${steps}`,
    meanReward(rows.filter(({ step }) => step <= tenth)),
    meanReward(rows.filter(({ step }) => step > steps - tenth)),
    countCell(sumOf(rows, ({ mixedGroups }) => mixedGroups), sumOf(rows, ({ groups }) => groups)),
    countCell(sumOf(rows, ({ unparsable }) => unparsable), sumOf(rows, ({ samples }) => samples))
  ]
}

/** The section `Rewards of stage 2`. */
export const rewardSection = ({ titles }: Measured, rows: ReadonlyArray<RewardRow>): string =>
  [
    "## Rewards of stage 2",
    "Mean reward of the samples in the first and the last tenth of the steps; groups whose samples differed in reward, which "
    + "alone teach anything; and samples whose verdict or answer could not be read. These are in no mean here; "
    + "`grpo.unparsableReward` says what became of them. Counts over all steps, percent, in ( ) Wilson's 95 % interval.",
    markdownTable(
      [
        { header: "arm" },
        { header: "prompts" },
        ...["steps", "first reward", "last reward", "mixed groups", "unparsable"].map((header) => ({
          header,
          align: "right" as const
        }))
      ],
      [...Map.groupBy(rows, ({ arm }) => arm)].flatMap(([arm, own]) => {
        const kinds = [...Map.groupBy(own, ({ kind }) => kind)]
        return [
          line(titles.arm(arm), "all", own),
          ...(kinds.length < 2 ? [] : kinds.map(([kind, some]) => line("", markdownText(kind), some)))
        ]
      }),
      { padded: true }
    )
  ].join("\n\n")
