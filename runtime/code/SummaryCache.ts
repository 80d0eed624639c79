/**
 * Summaries of earlier runs, by the hash of the text they are of: one JSON file, read whole. Its first line guards it:
 * a file of another format, or one that is not whole, counts as empty.
 */
import { hash } from "node:crypto"
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { FORMAT, type Summary } from "./Summary.ts"

const guard = (body: string): string => `${FORMAT}, sha256 ${hash("sha256", body)}\n`

export const readSummaries = (file: string | undefined): Map<string, Summary> => {
  const text = file === undefined ? "" : readIfThere(file)
  const body = text.slice(text.indexOf("\n") + 1)
  if (!text.startsWith(guard(body))) return new Map()
  const summaries: ReadonlyArray<Summary> = JSON.parse(body)
  return new Map(summaries.map((summary) => [summary.text, summary]))
}

/**
 * Stores the summaries a program is made of, and of `others` as many again and some: so two experiments, or an edit
 * and its undoing, do not push each other out, and the file stays small. It is written whole or not at all; concurrent
 * runs replace each other's file and lose no more than a parse.
 */
export const writeSummaries = (file: string, own: ReadonlyArray<Summary>, others: Iterable<Summary> = []): void => {
  const kept = new Map([...own, ...others].map((summary) => [summary.text, summary]))
  const body = JSON.stringify([...kept.values()].slice(0, 2 * own.length + 100))
  const unfinished = `${file}.${process.pid}`
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(unfinished, guard(body) + body)
  renameSync(unfinished, file)
}

const readIfThere = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}
