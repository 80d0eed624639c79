/**
 * Summaries of earlier runs, by the hash of the text they are of: one JSON file, read whole. A file of another format, or
 * one that is not whole, counts as empty.
 */
import * as DerivedFile from "../DerivedFile.ts"
import { FORMAT, type Summary } from "./Summary.ts"

export const readSummaries = (file: string | undefined): Map<string, Summary> => {
  const body = file === undefined ? undefined : DerivedFile.read(file, FORMAT)
  if (body === undefined) return new Map()
  const summaries: ReadonlyArray<Summary> = JSON.parse(body)
  return new Map(summaries.map((summary) => [summary.text, summary]))
}

/**
 * Stores the summaries a program is made of, and of `others` as many again and some: so two experiments, or an edit
 * and its undoing, do not push each other out, and the file stays small. Concurrent runs replace each other's file and
 * lose no more than a parse.
 */
export const writeSummaries = (file: string, own: ReadonlyArray<Summary>, others: Iterable<Summary> = []): void => {
  const kept = new Map([...own, ...others].map((summary) => [summary.text, summary]))
  DerivedFile.write(file, FORMAT, JSON.stringify([...kept.values()].slice(0, 2 * own.length + 100)))
}
