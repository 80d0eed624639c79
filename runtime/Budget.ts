/**
 * What a run may spend: dollars that services report, and time on the clock. Reading it from `--budget` and saying when
 * it is reached is done here; what happens then is `Control.ts`'s.
 */

/** Absent: without limit. */
export interface Budget {
  /** **Unit**: US dollars. */
  readonly usd?: number
  /** Time since the start of the run. **Unit**: seconds. */
  readonly seconds?: number
}

const amount = /^\s*(\$)?\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i

/** Seconds of a unit of time. */
const seconds: ReadonlyMap<string, number> = new Map([
  ["s", 1],
  ["sec", 1],
  ["m", 60],
  ["min", 60],
  ["h", 3600],
  ["d", 86_400]
])

const parseOne = (text: string): Budget => {
  const [, dollar, digits, unit = ""] = amount.exec(text) ?? []
  const value = Number(digits)
  const name = unit.toLowerCase()
  if (digits !== undefined && value > 0) {
    if (dollar === undefined ? name === "usd" : ["", "usd"].includes(name)) return { usd: value }
    const each = dollar === undefined ? seconds.get(name) : undefined
    if (each !== undefined) return { seconds: value * each }
  }
  throw new Error("an amount of money or time, for example 5usd, 30min or 2h")
}

/**
 * The budget of these texts, for example `5usd`, `30min`, `2h`, or both kinds, also joined by commas. Of two of a kind
 * the smaller counts. Throws an `Error` that says what is expected where a text is no amount.
 */
export const parse = (texts: ReadonlyArray<string>): Budget => {
  const parts = texts.flatMap((text) => text.split(",")).map(parseOne)
  const least = (kind: keyof Budget) => {
    const given = parts.flatMap((part) => part[kind] ?? [])
    return given.length === 0 ? {} : { [kind]: Math.min(...given) }
  }
  return { ...least("usd"), ...least("seconds") }
}

const duration = (value: number): string => {
  const units = [[3600, "h"], [60, "min"], [1, "s"]] as const
  const [each, unit] = units.find(([size]) => value >= size && value % size === 0) ?? [1, "s"]
  return `${value / each} ${unit}`
}

/** Why a run with this budget stops once its dollars are spent. */
export const spentText = (usd: number, spent: number): string => `the budget of $${usd} is spent ($${spent.toFixed(2)})`

/** Why a run with this budget stops once its time is over. */
export const overText = (limit: number): string => `the budget of ${duration(limit)} is over`
