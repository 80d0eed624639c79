/**
 * Wilson's score interval of a share. It assumes independent answers; where answers cluster by topic, read it beside
 * `clusterBootstrap.ts`.
 */
import { checkCount, type Count, type Interval } from "./Interval.ts"

/** The 97.5 % quantile of the standard normal distribution, for intervals of 95 %. */
const z95 = 1.959963984540054

/**
 * The score interval of a share, without continuity correction. It never leaves [0, 1] and stays informative at 0 and
 * at `n` hits. `n = 0` gives [0, 1]: nothing is known.
 *
 * **Shape**: `z` is the normal quantile of the wanted level; 95 % unless told.
 * **Fails**: `RangeError` for hits outside 0 to n.
 * **Source**: E. B. Wilson, J. Amer. Stat. Assoc. 22 (1927) 209-212; recommended by Brown, Cai and DasGupta, Statist.
 * Sci. 16 (2001) 101-133.
 */
export const wilson = ({ hits, n }: Count, z = z95): Interval => {
  checkCount({ hits, n }, "wilson")
  if (n === 0) return { lo: 0, hi: 1 }
  const share = hits / n
  const scale = 1 + z * z / n
  const centre = (share + z * z / (2 * n)) / scale
  const half = z / scale * Math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
  // Rounding may leave 1e-17 where the bound is 0 or 1 exactly.
  return { lo: hits === 0 ? 0 : centre - half, hi: hits === n ? 1 : centre + half }
}
