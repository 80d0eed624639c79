/** The chance that at least one of `k` answers is right, estimated from `n >= k` of them. */

/**
 * Unbiased pass@k of one problem: `1 - C(n - c, k) / C(n, k)`. With `n = k` it is plain "any of k". Average it over
 * problems.
 *
 * **Shape**: `n` answers, `c` of them right.
 * **Fails**: `RangeError` unless `0 <= c <= n` and `1 <= k <= n`, all integers.
 * **Source**: Chen et al. 2021, arXiv 2107.03374, equation 1, in the product form that does not overflow.
 */
export const passAtK = (n: number, c: number, k: number): number => {
  if (![n, c, k].every(Number.isInteger) || c < 0 || c > n || k < 1 || k > n) {
    throw new RangeError(`passAtK: no pass@${k} from ${c} right answers of ${n}`)
  }
  if (n - c < k) return 1
  let allWrong = 1
  for (let i = n - c + 1; i <= n; i++) allWrong *= 1 - k / i
  return 1 - allWrong
}
