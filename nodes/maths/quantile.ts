/** Quantiles of a sorted sample; the one definition that every percentile interval here uses. */

/**
 * The `q`-quantile of an ascending sample, interpolated linearly between its neighbours.
 *
 * **Fails**: `RangeError` for an empty sample or `q` outside [0, 1].
 * **Source**: definition 7 of Hyndman and Fan, Amer. Statist. 50 (1996) 361-365, the default of R and NumPy.
 */
export const quantile = (sorted: Float64Array, q: number): number => {
  if (sorted.length === 0 || !(q >= 0 && q <= 1)) {
    throw new RangeError(`no ${q}-quantile of ${sorted.length} values; q must be in [0, 1], the sample not empty`)
  }
  const at = q * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  return low + (at - below) * (high - low)
}
