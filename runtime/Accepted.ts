/**
 * Code digests that somebody declared equivalent with `pipeline accept`: a small file beside `package.json` that can be
 * committed. An accepted new digest counts as the old one, so results made by the old code stay fresh.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs"

/** New digest to the digest it counts as. */
export type Accepted = ReadonlyMap<string, string>

export const fileName = "pipeline.accepted.json"

/** Reads the file; none is an empty one. Throws where it is not a JSON object of strings. */
export const read = (file: string): Accepted => {
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch {
    return new Map()
  }
  return new Map(Object.entries(JSON.parse(text) as { [digest: string]: string }))
}

/** The digest that enters keys: chains of acceptances are followed to their start. */
export const resolve = (accepted: Accepted, digest: string): string => {
  const seen = new Set<string>()
  let current = digest
  while (accepted.has(current) && !seen.has(current)) {
    seen.add(current)
    current = accepted.get(current)!
  }
  return current
}

/** Records that `now` counts as `before`. */
export const record = (
  file: string,
  entries: ReadonlyArray<{ readonly now: string; readonly before: string }>
): void => {
  const all = {
    ...Object.fromEntries(read(file)),
    ...Object.fromEntries(entries.map(({ before, now }) => [now, before]))
  }
  writeFileSync(`${file}.${process.pid}`, `${JSON.stringify(all, undefined, 2)}\n`)
  renameSync(`${file}.${process.pid}`, file)
}
