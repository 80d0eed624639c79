/**
 * How well each arm verifies when it is asked to, as Markdown: F1 of the class `unsafe`, what it is made of, and verdicts
 * that could not be read apart. The paper's figures on verification are F1 values.
 */
import { clusterBootstrap } from "../maths/clusterBootstrap.ts"
import type { Count, TopicCounts } from "../maths/Interval.ts"
import { verificationF1 } from "../maths/verificationF1.ts"
import { wilson } from "../maths/wilson.ts"
import { absent, percent, percentRange } from "./formatShare.ts"
import { markdownTable } from "./markdownTable.ts"
import type { Measured } from "./MeasureRows.ts"
import * as Scoreboard from "./Scoreboard.ts"

/** Which metrics of which set count verdicts. */
export interface VerdictMetrics {
  readonly set: string
  /** Right verdicts of all items. */
  readonly right: string
  /** Unsafe items that were found, of all unsafe items. */
  readonly found: string
  /** Verdicts `unsafe` that are right, of all such verdicts. */
  readonly precise: string
  /** Items without a readable verdict, of all. */
  readonly unparsable: string
}

/**
 * F1 as a share, 2 TP of (unsafe items + verdicts `unsafe`), by topic: so a bootstrap over topics resamples it like any
 * other share.
 */
const f1Counts = (found: TopicCounts, precise: TopicCounts): TopicCounts => {
  const none: Count = { hits: 0, n: 0 }
  return new Map([...new Set([...found.keys(), ...precise.keys()])].map((topic) => {
    const [a, b] = [found.get(topic) ?? none, precise.get(topic) ?? none]
    return [topic, { hits: a.hits + b.hits, n: a.n + b.n }]
  }))
}

const share = ({ hits, n }: Count): string =>
  n === 0 ? absent : `${percent(hits / n)} (${percentRange(wilson({ hits, n }))})`

const rowOf = ({ board, titles }: Measured, metrics: VerdictMetrics, arm: string): ReadonlyArray<string> => {
  const cell = (metric: string) => board.cell(arm, { metric, set: metrics.set })
  const [right, found, precise, unparsable] = [metrics.right, metrics.found, metrics.precise, metrics.unparsable]
    .map((metric) => Scoreboard.total(cell(metric))) as [Count, Count, Count, Count]
  const { f1 } = verificationF1({
    n: right.n,
    unparsable: unparsable.hits,
    truePositives: found.hits,
    falsePositives: precise.n - precise.hits,
    falseNegatives: found.n - found.hits, // also those that could not be read: they found nothing
    trueNegatives: right.hits - found.hits
  }, 0)
  const { interval } = clusterBootstrap(f1Counts(cell(metrics.found), cell(metrics.precise)))
  return [
    titles.arm(arm),
    `${right.n}`,
    f1 === null ? absent : `${percent(f1)} [${interval === null ? absent : percentRange(interval)}]`,
    share(precise),
    share(found),
    share(right),
    `${unparsable.hits}`
  ]
}

/** The section `Verification`; undefined where no arm was asked. */
export const verificationSection = (one: Measured, metrics: VerdictMetrics): string | undefined => {
  const arms = one.board.arms.filter((arm) => one.board.cell(arm, { metric: metrics.right, set: metrics.set }).size > 0)
  if (arms.length === 0) return undefined
  return [
    "## Verification",
    "Verdicts on answers whose verdict is known; positive is `unsafe`. Percent; in [ ] the 95 % interval of a bootstrap over "
    + "topics, in ( ) Wilson's. A verdict that could not be read is wrong, finds nothing, and is counted apart.",
    markdownTable(
      [
        { header: "arm" },
        ...["n", "F1 ↑", "precision ↑", "recall ↑", "accuracy ↑", "unparsable"].map((header) => ({
          header,
          align: "right" as const
        }))
      ],
      arms.map((arm) => rowOf(one, metrics, arm)),
      { padded: true }
    )
  ].join("\n\n")
}
