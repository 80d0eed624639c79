/**
 * The resampling shared by the bootstraps of this folder: topics drawn with replacement, a statistic of each draw, the
 * percentiles of all of them. Which counts are summed and what the statistic is lies with the callers.
 */
import { makeRandom } from "../../models/sample/Random.ts"
import type { Interval } from "./Interval.ts"
import { quantile } from "./quantile.ts"

export const defaultDraws = 2000

export interface Resampling {
  /** Draws of the bootstrap; `defaultDraws` unless told. */
  readonly draws?: number
  /** Fixes every draw; 0 unless told. */
  readonly seed?: number
  /** Share of the draws within the interval; 0.95 unless told. */
  readonly level?: number
}

/**
 * The percentile interval of `statistic` when `columns[0].length` topics are drawn with replacement. `statistic` gets
 * the sum of each column over the drawn topics (always the same array) and must not be asked about a draw without
 * answers: callers leave out topics that have none.
 *
 * **Shape**: columns of equal length, one element per topic; at least one topic.
 * **Source**: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3 (percentiles); topics as the
 * unit of resampling: Davison and Hinkley, Bootstrap Methods (1997), section 3.8, first stage only.
 */
export const resampleTopics = (
  columns: ReadonlyArray<Float64Array>,
  statistic: (sums: Float64Array) => number,
  { draws = defaultDraws, level = 0.95, seed = 0 }: Resampling = {}
): Interval => {
  const topics = columns[0]?.length ?? 0
  if (topics === 0 || !Number.isInteger(draws) || draws < 1 || !(level > 0 && level < 1)) {
    throw new RangeError(`cannot resample ${topics} topics ${draws} times for a level of ${level}`)
  }
  const { uniform } = makeRandom(seed, "resampleTopics")
  const picked = new Uint32Array(topics)
  const sums = new Float64Array(columns.length)
  const values = new Float64Array(draws)
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < topics; i++) picked[i] = Math.floor(uniform() * topics)
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!
      let sum = 0
      for (let i = 0; i < topics; i++) sum += column[picked[i]!]!
      sums[c] = sum
    }
    values[draw] = statistic(sums)
  }
  values.sort()
  return { lo: quantile(values, (1 - level) / 2), hi: quantile(values, (1 + level) / 2) }
}
