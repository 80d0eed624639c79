/** Correction for testing many things at once. */

/**
 * Holm's adjusted p-values, in the order given: below 0.05 each is significant with a chance of at most 5 % that any of
 * them is a false alarm, however the tests depend on each other.
 *
 * **Fails**: `RangeError` for what is no p-value.
 * **Source**: S. Holm, Scand. J. Statist. 6 (1979) 65-70.
 */
export const holm = (pValues: ReadonlyArray<number>): ReadonlyArray<number> => {
  const bad = pValues.find((p) => !(p >= 0 && p <= 1))
  if (bad !== undefined) throw new RangeError(`holm: ${bad} is no p-value`)
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!)
  const adjusted = pValues.slice()
  let least = 0
  for (const [rank, i] of order.entries()) {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * pValues[i]!))
    adjusted[i] = least
  }
  return adjusted
}
