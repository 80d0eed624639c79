/**
 * The intervals over topics of one row of a report, for all arms from the same draws: drawing is what costs, and a report
 * asks for a share of every arm and a change of every arm but the base. The figures are those of `clusterBootstrap.ts`
 * and `pairedClusterBootstrap.ts`, which are asked where arms answered different topics.
 */
import { clusterBootstrap } from "../maths/clusterBootstrap.ts"
import type { Interval, TopicCounts } from "../maths/Interval.ts"
import { pairedClusterBootstrap, type PairedDifference } from "../maths/pairedClusterBootstrap.ts"
import { quantile } from "../maths/quantile.ts"
import { defaultDraws, resampleTopics } from "../maths/resampleTopics.ts"

export interface TopicIntervals {
  /** null: fewer than two topics. */
  readonly share: (arm: string) => Interval | null
  /** Against the base. */
  readonly change: (arm: string) => PairedDifference
}

/** **Shape**: `arms` includes `base`; `counts` are those of an arm by topic. */
export const topicIntervals = (
  counts: (arm: string) => TopicCounts,
  arms: ReadonlyArray<string>,
  base: string
): TopicIntervals => {
  const answered = (arm: string) => [...counts(arm)].flatMap(([topic, { n }]) => n > 0 ? [topic] : []).sort()
  const measured = arms.filter((arm) => answered(arm).length > 0)
  const topics = answered(base)
  const alike = topics.length > 1 && measured.every((arm) => String(answered(arm)) === String(topics))
  return alike ? fromSameDraws(counts, measured, base, topics) : {
    share: (arm) => clusterBootstrap(counts(arm)).interval,
    change: (arm) => pairedClusterBootstrap(counts(arm), counts(base))
  }
}

const fromSameDraws = (
  counts: (arm: string) => TopicCounts,
  arms: ReadonlyArray<string>,
  base: string,
  topics: ReadonlyArray<string>
): TopicIntervals => {
  const columns = arms.flatMap((arm) => [
    Float64Array.from(topics, (topic) => counts(arm).get(topic)!.hits),
    Float64Array.from(topics, (topic) => counts(arm).get(topic)!.n)
  ])
  const shares = arms.map(() => new Float64Array(defaultDraws))
  const changes = arms.map(() => new Float64Array(defaultDraws))
  const ofBase = arms.indexOf(base)
  let draw = 0
  // It is asked once a draw, so that every statistic of the row can be noted on the way.
  resampleTopics(columns, (sums) => {
    const baseShare = sums[2 * ofBase]! / sums[2 * ofBase + 1]!
    for (let i = 0; i < arms.length; i++) {
      const share = sums[2 * i]! / sums[2 * i + 1]!
      shares[i]![draw] = share
      changes[i]![draw] = share - baseShare
    }
    draw++
    return baseShare
  })
  const total = (column: number) => columns[column]!.reduce((a, b) => a + b, 0)
  const share = (i: number) => total(2 * i) / total(2 * i + 1)
  return {
    share: (arm) => arms.includes(arm) ? percentiles(shares[arms.indexOf(arm)]!) : null,
    change: (arm) => {
      const i = arms.indexOf(arm)
      if (i < 0) return { difference: null, topics: 0, unpaired: topics.length, interval: null }
      return {
        difference: share(i) - share(ofBase),
        topics: topics.length,
        unpaired: 0,
        interval: percentiles(changes[i]!)
      }
    }
  }
}

const level = 0.95

const percentiles = (values: Float64Array): Interval => {
  const sorted = values.toSorted()
  return { lo: quantile(sorted, (1 - level) / 2), hi: quantile(sorted, (1 + level) / 2) }
}
