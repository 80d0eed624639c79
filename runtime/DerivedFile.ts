/**
 * Files below `derived/`: what was worked out once and would be worked out again the same, kept to save time. The first
 * line guards the rest, so that a file of another format, one that is not whole, and one whose bytes changed count as
 * none: what is in keys may come from here.
 */
import { hash } from "node:crypto"
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"

const guard = (format: string, body: string): string => `${format}, sha256 ${hash("sha256", body)}\n`

/** The body of a file of this format; undefined where there is none that is whole. */
export const read = (file: string, format: string): string | undefined => {
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch {
    return undefined
  }
  const body = text.slice(text.indexOf("\n") + 1)
  return text.startsWith(guard(format, body)) ? body : undefined
}

/** Writes the file whole or not at all; of writers at the same time the last stays. Throws what the file system says. */
export const write = (file: string, format: string, body: string): void => {
  const unfinished = `${file}.${process.pid}`
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(unfinished, guard(format, body) + body, { mode: 0o600 })
  renameSync(unfinished, file)
}
