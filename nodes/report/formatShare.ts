/** Shares as people read them: percent, rates with one decimal, bounds of their intervals without. */
import type { Interval } from "../maths/Interval.ts"

/** What stands where nothing was measured. */
export const absent = "–"

/** `0.0817` as `8.2`; never `-0.0`. */
export const percent = (share: number): string => {
  const text = (100 * share).toFixed(1)
  return text === "-0.0" ? "0.0" : text
}

/** `-0.737` as `-73.7`, `0.02` as `+2.0`: percentage points. */
export const points = (difference: number): string => {
  const text = percent(difference)
  return Number(text) > 0 ? `+${text}` : text
}

/** `6–11`; bounds are rounded to the nearest percent. */
export const percentRange = ({ hi, lo }: Interval): string => `${(100 * lo).toFixed(0)}–${(100 * hi).toFixed(0)}`

/** `-78.0, -69.0`; a comma, because both bounds may be negative; a decimal, because the sign of a bound says most. */
export const pointsRange = ({ hi, lo }: Interval): string => `${points(lo)}, ${points(hi)}`

/** `p = 0.016`, or `p < 0.001`. */
export const pValue = (p: number): string => p < 0.001 ? "p < 0.001" : `p = ${p.toFixed(3)}`

/** `600` where all numbers are equal, else `300–600`. */
export const range = (counts: ReadonlyArray<number>): string => {
  if (counts.length === 0) return absent
  const low = counts.reduce((a, b) => Math.min(a, b))
  const high = counts.reduce((a, b) => Math.max(a, b))
  return low === high ? `${low}` : `${low}–${high}`
}
