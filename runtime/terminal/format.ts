/**
 * Numbers as people read them in a terminal: durations, counts, rates, dollars and ranges of any of them. Pure, the
 * same in every locale.
 */

const grouped = (integer: number): string => String(integer).replace(/\B(?=(\d{3})+$)/g, ",")

const two = (value: number): string => String(value).padStart(2, "0")

/** `0.3 s`, `38 s`, `2 m 04 s`, `3 h 12 m`, `4 d 02 h`. **Unit**: seconds, not negative. */
export const duration = (seconds: number): string => {
  if (seconds === 0) return "0 s"
  if (seconds < 0.05) return "<0.1 s"
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`
  const hours = Math.round(seconds / 3600)
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`
}

/** `31,204`. A count that is an estimate is rounded. */
export const count = (value: number): string => grouped(Math.round(value))

/** A number with its noun: `1 row`, `31,204 rows`. */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`

const threeDigits = (value: number): string => value.toFixed(value < 99.95 ? 1 : 0)

/** Three digits at most: `999`, `31.2k`, `312k`, `1.2M`, `3.4G`. */
export const shortCount = (value: number): string => {
  if (value < 999.5) return String(Math.round(value))
  if (value < 999_500) return `${threeDigits(value / 1e3)}k`
  return value < 999_500_000 ? `${threeDigits(value / 1e6)}M` : `${threeDigits(value / 1e9)}G`
}

/** `31.2k/s`, `12.5/s`, and for slow work `4.2/min`, `0.7/h`. **Unit**: per second. */
export const rate = (perSecond: number): string => {
  const of = (value: number) => value < 99.95 ? value.toFixed(1) : shortCount(value)
  if (perSecond >= 0.95) return `${of(perSecond)}/s`
  return perSecond * 60 >= 0.95 ? `${of(perSecond * 60)}/min` : `${of(perSecond * 3600)}/h`
}

/** `$0.42`, `$12.30`, `$1,203`; less than half a cent is `<$0.01`. **Unit**: US dollars, not negative. */
export const dollars = (usd: number): string => {
  if (usd === 0) return "$0"
  if (usd < 0.005) return "<$0.01"
  return usd < 99.995 ? `$${usd.toFixed(2)}` : `$${grouped(Math.round(usd))}`
}

/** Both ends, or one where they read the same. */
export const range = (lower: number, upper: number, format: (value: number) => string): string => {
  const [from, to] = [format(lower), format(upper)]
  return from === to ? from : `${from} – ${to}`
}
