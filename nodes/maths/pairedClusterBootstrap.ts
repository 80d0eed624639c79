/**
 * The difference of two arms that answered the same topics, with an interval over topics: each draw takes a topic with
 * the answers of both arms, so what makes a topic hard for both cancels.
 */
import { checkCount, type Interval, type TopicCounts } from "./Interval.ts"
import { resampleTopics, type Resampling } from "./resampleTopics.ts"

export interface PairedDifference {
  /** Share of the arm minus share of the base, over the common topics; null without a common topic. */
  readonly difference: number | null
  /** Topics that both arms answered. */
  readonly topics: number
  /** Topics that only one of them answered: left out. */
  readonly unpaired: number
  /** null: fewer than two common topics. */
  readonly interval: Interval | null
}

/**
 * `arm - base` as a difference of pooled shares on common topics, with its percentile interval. An interval that
 * excludes 0 is a difference at that level, before any correction for many comparisons.
 *
 * **Fails**: `RangeError` for counts that are none.
 * **Source**: see `resampleTopics`.
 */
export const pairedClusterBootstrap = (
  arm: TopicCounts,
  base: TopicCounts,
  resampling?: Resampling
): PairedDifference => {
  for (const [topic, count] of [...arm, ...base]) checkCount(count, `topic ${topic}`)
  const answered = (counts: TopicCounts, topic: string) => (counts.get(topic)?.n ?? 0) > 0
  const all = [...new Set([...arm.keys(), ...base.keys()])].sort()
  const topics = all.filter((topic) => answered(arm, topic) && answered(base, topic))
  const unpaired = all.filter((topic) => answered(arm, topic) !== answered(base, topic)).length
  if (topics.length === 0) return { difference: null, topics: 0, unpaired, interval: null }
  const columns = [arm, base].flatMap((counts) => [
    Float64Array.from(topics, (topic) => counts.get(topic)!.hits),
    Float64Array.from(topics, (topic) => counts.get(topic)!.n)
  ])
  const difference = (sums: Float64Array) => sums[0]! / sums[1]! - sums[2]! / sums[3]!
  return {
    difference: difference(Float64Array.from(columns, (column) => column.reduce((a, b) => a + b, 0))),
    topics: topics.length,
    unpaired,
    interval: topics.length < 2 ? null : resampleTopics(columns, difference, resampling)
  }
}
