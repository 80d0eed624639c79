/**
 * Ages and sizes as people write them on the command line, and sizes as they read them.
 */

/** Milliseconds of a unit of time. */
const times: ReadonlyMap<string, number> = new Map([
  ["s", 1000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 7 * 86_400_000]
])

/** Bytes of a unit, in powers of 1,000 as disks are sold, or of 1,024 with an `i`. */
const sizes: ReadonlyMap<string, number> = new Map(
  ["", "k", "m", "g", "t"].flatMap((prefix, power): Array<[string, number]> => [
    [`${prefix}b`, 1000 ** power],
    [prefix, 1000 ** power],
    [`${prefix}ib`, 1024 ** power]
  ])
)

const parse = (text: string, units: ReadonlyMap<string, number>): number | undefined => {
  const [, digits, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? []
  const each = units.get(unit.toLowerCase())
  return digits === undefined || each === undefined ? undefined : Number(digits) * each
}

/** **Unit**: milliseconds. Throws an `Error` that says what is expected where the text is no age. */
export const parseAge = (text: string): number => {
  const found = parse(text, times)
  if (found === undefined) throw new Error("an age, for example 30d, 12h or 2w")
  return found
}

/** **Unit**: bytes. Throws an `Error` that says what is expected where the text is no size. */
export const parseBytes = (text: string): number => {
  const found = parse(text, sizes)
  if (found === undefined) throw new Error("a size, for example 20GB, 500MB or 1.5TB")
  return Math.round(found)
}

/** `0 B`, `512 B`, `31.2 kB`, `1.2 MB`, `3.4 GB`. **Unit**: bytes, not negative. */
export const bytesText = (bytes: number): string => {
  if (bytes < 1000) return `${Math.round(bytes)} B`
  const units = ["kB", "MB", "GB", "TB"]
  let value = bytes / 1000
  let unit = 0
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000
  return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`
}
