/**
 * Code digests that somebody declared equivalent with `pipeline accept`: a small file beside `package.json` that can be
 * committed. An accepted new digest counts as the old one, so results made by the old code stay fresh.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { ExperimentInvalid } from "./Error.ts"

/** New digest to the digest it counts as. */
export type Accepted = ReadonlyMap<string, string>

export const fileName = "pipeline.accepted.json"

const isDigests = (value: unknown): value is { readonly [digest: string]: string } =>
  typeof value === "object" && value !== null && !Array.isArray(value) &&
  Object.values(value).every((each) => typeof each === "string")

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads the file; none is an empty one. Throws `ExperimentInvalid` where it is not a JSON object of strings. */
export const read = (file: string): Accepted => {
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch {
    return new Map()
  }
  const digests = parse(text)
  if (isDigests(digests)) return new Map(Object.entries(digests))
  throw new ExperimentInvalid({
    experiment: file,
    reason: "it is no JSON object of code digests, as `pipeline accept` writes it",
    next: "mend it, for example a conflict left by a merge, or restore it; without the file nothing is accepted"
  })
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
