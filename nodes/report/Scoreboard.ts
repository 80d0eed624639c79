/**
 * Score rows arranged for printing: one cell per arm and measure, with counts by topic. It counts and orders; intervals
 * and layout are elsewhere.
 */
import { checkCount, type Count, type TopicCounts } from "../maths/Interval.ts"

/** One row of the `score` table: `hits` of `n` answers of one arm on one topic. */
export interface ScoreRow {
  readonly arm: string
  readonly set: string
  readonly metric: string
  readonly topic: string
  readonly hits: number
  readonly n: number
  /** The training seed; absent: one and the same. */
  readonly seed?: number
}

/** What one row of a table measures. */
export interface Measure {
  readonly metric: string
  readonly set: string
}

export interface Scoreboard {
  readonly arms: ReadonlyArray<string>
  readonly measures: ReadonlyArray<Measure>
  /** Counts by topic; empty where the arm was not measured. */
  readonly cell: (arm: string, measure: Measure) => TopicCounts
}

const none: TopicCounts = new Map()

const cellKey = (arm: string, { metric, set }: Measure) => JSON.stringify([arm, metric, set])

/** The items in the order of `first`, those not named there after them, in order of appearance; each once. */
const ordered = (first: ReadonlyArray<string>, items: Iterable<string>): ReadonlyArray<string> => {
  const present = new Set(items)
  return [...new Set([...first.filter((item) => present.has(item)), ...present])]
}

/**
 * Arranges `scores`. Rows of one arm, set, metric and topic are summed: answers of several seeds are pooled.
 * Measures go by metric, then by set.
 *
 * **Fails**: `RangeError` for counts that are none.
 */
export const make = (
  scores: ReadonlyArray<ScoreRow>,
  order: {
    readonly arms: ReadonlyArray<string>
    readonly metrics: ReadonlyArray<string>
    readonly sets: ReadonlyArray<string>
  }
): Scoreboard => {
  const cells = new Map<string, Map<string, Count>>()
  for (const row of scores) {
    checkCount(row, `score of arm ${row.arm}, set ${row.set}, metric ${row.metric}, topic ${row.topic}`)
    const key = cellKey(row.arm, row)
    const topics = cells.get(key) ?? new Map<string, Count>()
    cells.set(key, topics)
    const known = topics.get(row.topic) ?? { hits: 0, n: 0 }
    topics.set(row.topic, { hits: known.hits + row.hits, n: known.n + row.n })
  }
  const sets = ordered(order.sets, scores.map((row) => row.set))
  const measured = new Set(scores.map((row) => cellKey("", row)))
  const metrics = ordered(order.metrics, scores.map((row) => row.metric))
  return {
    arms: ordered(order.arms, scores.map((row) => row.arm)),
    measures: metrics.flatMap((metric) =>
      sets.map((set) => ({ metric, set })).filter((measure) => measured.has(cellKey("", measure)))
    ),
    cell: (arm, measure) => cells.get(cellKey(arm, measure)) ?? none
  }
}

/** All answers of a cell, whatever their topic. */
export const total = (counts: TopicCounts): Count => {
  let hits = 0
  let n = 0
  for (const count of counts.values()) {
    hits += count.hits
    n += count.n
  }
  return { hits, n }
}
