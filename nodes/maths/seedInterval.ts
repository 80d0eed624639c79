/**
 * Seeds as a level of their own: how far the mean over training seeds is known, taking each seed's rate as one
 * measurement. What topics add is in `clusterBootstrap.ts`; for both at once see `crossedBootstrap.ts`.
 */
import type { Interval } from "./Interval.ts"

/** The 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom. **Source**: SciPy 1.17, `scipy.stats.t.ppf`. */
const quantiles = [
  12.706204736174694,
  4.302652729749462,
  3.1824463052837078,
  2.7764451051977934,
  2.5705818356363146,
  2.4469118511449786,
  2.364624251592784,
  2.306004135204166,
  2.262157162798205,
  2.228138851986274,
  2.200985160091639,
  2.1788128296672284,
  2.1603686564627913,
  2.144786687917804,
  2.131449545559776,
  2.1199052992212546,
  2.1098155778333156,
  2.1009220402410382,
  2.0930240544083087,
  2.085963447265864,
  2.0796138447276795,
  2.0738730679040254,
  2.0686576104190486,
  2.0638985616280245,
  2.0595385527532972,
  2.0555294386428735,
  2.0518305164802846,
  2.0484071417952454,
  2.045229642132703,
  2.0422724563012378
]

/**
 * The 97.5 % quantile of Student's t; above 30 degrees of freedom by its expansion around the normal one (error below
 * 3e-6). **Source**: Abramowitz and Stegun (1964), 26.7.5.
 */
export const studentQuantile = (degrees: number): number => {
  if (!Number.isInteger(degrees) || degrees < 1) {
    throw new RangeError(`Student's t has no ${degrees} degrees of freedom`)
  }
  const exact = quantiles[degrees - 1]
  if (exact !== undefined) return exact
  const z = 1.959963984540054
  return z + (z ** 3 + z) / (4 * degrees) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2)
    + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
}

export interface SeedSummary {
  readonly seeds: number
  readonly mean: number
  /** Standard deviation between seeds (n - 1); null with one seed. */
  readonly deviation: number | null
  /** 95 % for the mean over all seeds there could be; null with one seed, which says nothing about others. */
  readonly interval: Interval | null
}

/**
 * Mean of the rates of several seeds with Student's interval. Not cut to [0, 1]: a bound outside says that the seeds are
 * too few.
 *
 * **Fails**: `RangeError` without a rate, or for one that is no finite number.
 */
export const seedInterval = (rates: ReadonlyArray<number>): SeedSummary => {
  if (rates.length === 0 || !rates.every(Number.isFinite)) {
    throw new RangeError(`seedInterval: no mean of the rates ${rates.join(", ") || "(none)"}`)
  }
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
  if (rates.length === 1) return { seeds: 1, mean, deviation: null, interval: null }
  const deviation = Math.sqrt(rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / (rates.length - 1))
  const half = studentQuantile(rates.length - 1) * deviation / Math.sqrt(rates.length)
  return { seeds: rates.length, mean, deviation, interval: { lo: mean - half, hi: mean + half } }
}
