/**
 * A share with an interval that respects topics: answers on one topic are alike, so topics are what is resampled, each
 * with all its answers. For two arms on the same topics see `pairedClusterBootstrap.ts`.
 */
import { checkCount, type Interval, type TopicCounts } from "./Interval.ts"
import { resampleTopics, type Resampling } from "./resampleTopics.ts"

export interface ClusteredShare {
  readonly hits: number
  readonly n: number
  /** Topics with at least one answer. */
  readonly topics: number
  /** null: one topic says nothing about how topics differ. */
  readonly interval: Interval | null
}

/**
 * The pooled share `sum hits / sum n` and its percentile interval over topics. The order of the map does not matter.
 * Where every topic agrees (all 0 %, say) the interval has no width: the bootstrap cannot see what it never saw, so
 * print Wilson's beside it.
 *
 * **Fails**: `RangeError` for counts that are none.
 * **Source**: see `resampleTopics`.
 */
export const clusterBootstrap = (counts: TopicCounts, resampling?: Resampling): ClusteredShare => {
  const topics = [...counts.keys()].sort().filter((topic) => counts.get(topic)!.n > 0)
  for (const [topic, count] of counts) checkCount(count, `topic ${topic}`)
  const hits = Float64Array.from(topics, (topic) => counts.get(topic)!.hits)
  const n = Float64Array.from(topics, (topic) => counts.get(topic)!.n)
  return {
    hits: hits.reduce((a, b) => a + b, 0),
    n: n.reduce((a, b) => a + b, 0),
    topics: topics.length,
    interval: topics.length < 2 ? null : resampleTopics([hits, n], (sums) => sums[0]! / sums[1]!, resampling)
  }
}
