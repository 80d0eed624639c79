/**
 * A share measured with several training seeds on the same topics, with an interval for both: seeds and topics are drawn
 * with replacement, each on its own, so that a topic that is hard for every seed and a seed that failed everywhere both
 * widen it.
 */
import { makeRandom } from "../../models/sample/Random.ts"
import { checkCount, type Interval, type TopicCounts } from "./Interval.ts"
import { quantile } from "./quantile.ts"
import { defaultDraws, type Resampling } from "./resampleTopics.ts"

export interface CrossedShare {
  readonly hits: number
  readonly n: number
  readonly seeds: number
  readonly topics: number
  /** null with fewer than two seeds or two topics. */
  readonly interval: Interval | null
}

/**
 * The pooled share and its percentile interval over seeds and topics. Slightly conservative for topics; with two or three
 * seeds read `seedInterval` beside it, since so few cannot show how far seeds may lie apart.
 *
 * **Shape**: one map of counts by topic for each seed; a topic a seed did not answer counts nothing there.
 * **Fails**: `RangeError` for counts that are none.
 * **Source**: A. B. Owen, Ann. Appl. Stat. 1 (2007) 386-411, the pigeonhole bootstrap.
 */
export const crossedBootstrap = (
  bySeed: ReadonlyArray<TopicCounts>,
  { draws = defaultDraws, level = 0.95, seed = 0 }: Resampling = {}
): CrossedShare => {
  for (const counts of bySeed) for (const [topic, count] of counts) checkCount(count, `topic ${topic}`)
  const topics = [...new Set(bySeed.flatMap((counts) => [...counts].flatMap(([topic, { n }]) => n > 0 ? [topic] : [])))]
    .sort()
  const column = (counts: TopicCounts, of: "hits" | "n") =>
    Float64Array.from(topics, (topic) => counts.get(topic)?.[of] ?? 0)
  const cells = bySeed.map((counts) => ({ hits: column(counts, "hits"), n: column(counts, "n") }))
  const sum = (of: "hits" | "n") => cells.reduce((all, cell) => all + cell[of].reduce((a, b) => a + b, 0), 0)
  const pooled = { hits: sum("hits"), n: sum("n"), seeds: bySeed.length, topics: topics.length }
  if (bySeed.length < 2 || topics.length < 2) return { ...pooled, interval: null }
  const { uniform } = makeRandom(seed, "crossedBootstrap")
  const values: Array<number> = []
  const weights = new Uint32Array(topics.length)
  for (let draw = 0; draw < draws; draw++) {
    weights.fill(0)
    for (let i = 0; i < topics.length; i++) weights[Math.floor(uniform() * topics.length)]!++
    let hits = 0
    let n = 0
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[Math.floor(uniform() * cells.length)]!
      for (let topic = 0; topic < topics.length; topic++) {
        hits += weights[topic]! * cell.hits[topic]!
        n += weights[topic]! * cell.n[topic]!
      }
    }
    if (n > 0) values.push(hits / n)
  }
  const sorted = Float64Array.from(values).sort()
  return { ...pooled, interval: { lo: quantile(sorted, (1 - level) / 2), hi: quantile(sorted, (1 + level) / 2) } }
}
