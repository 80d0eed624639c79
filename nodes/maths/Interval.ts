/**
 * What every estimator of this folder returns beside its estimate, and the counts most of them start from. How
 * intervals are made is in the file of each estimator.
 */

/** A confidence interval, in the unit of the estimate: shares are in [0, 1], differences of shares in [-1, 1]. */
export interface Interval {
  readonly lo: number
  readonly hi: number
}

/** `hits` of `n` answers. */
export interface Count {
  readonly hits: number
  readonly n: number
}

/** Counts by topic: the answers of one topic stand or fall together. */
export type TopicCounts = ReadonlyMap<string, Count>

/** Refuses what is no count: `0 <= hits <= n`, both integers. **Fails**: `RangeError`. */
export const checkCount = ({ hits, n }: Count, where: string): void => {
  if (!Number.isInteger(hits) || !Number.isInteger(n) || hits < 0 || n < hits) {
    throw new RangeError(`${where}: ${hits} hits of ${n} is no count; both must be integers with 0 <= hits <= n`)
  }
}
