/**
 * CSV files with a header as records that know their line, for packages and for the user's own files. Lines that start
 * with `#` before the header are notes and are passed over.
 */
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Stream from "effect/Stream"
import { PromptsInvalid } from "../service/PromptSource.ts"

export interface Records {
  readonly columns: ReadonlyArray<string>
  readonly records: ReadonlyArray<InputRecord>
}

export interface InputRecord {
  /** Physical line on which the record starts, from 1. */
  readonly line: number
  readonly cells: { readonly [column: string]: unknown }
}

const invalid = (source: string, reason: string, next: string) => new PromptsInvalid({ source, reason, next })

const lineBreaks = (text: string): number => text.match(/\r\n?|\n/g)?.length ?? 0

/** The text from its header on, and how many lines of notes stand before it. */
const skipNotes = (text: string): { readonly rest: string; readonly skipped: number } => {
  const notes = /^(?:#.*(?:\r\n?|\n|$))+/.exec(text)?.[0] ?? ""
  return { rest: text.slice(notes.length), skipped: lineBreaks(notes) }
}

/**
 * The records of a CSV text (RFC 4180); `source` is the file's name in messages. Empty lines are passed over.
 *
 * **Fails**: `PromptsInvalid` for bad quoting, a record of another width than the header, or no record at all.
 */
export const readCsv = Effect.fn("readCsv")(function*(source: string, text: string) {
  const { rest, skipped } = skipNotes(text)
  const rows = yield* Stream.make(rest).pipe(
    Stream.pipeThroughChannel(Csv.decodeString()),
    Stream.runCollect,
    Effect.mapError((error) =>
      invalid(source, `line ${error.line + skipped}: ${error.message}`, "correct the quoting of that record")
    )
  )
  let line = skipped + 1
  let columns: ReadonlyArray<string> | undefined
  const records: Array<InputRecord> = []
  for (const row of rows) {
    const start = line
    line += 1 + row.reduce((sum, cell) => sum + lineBreaks(cell), 0)
    if (row.length === 1 && row[0] === "") continue
    if (columns === undefined) {
      columns = row.map((name) => name.trim())
      continue
    }
    if (row.length !== columns.length) {
      return yield* invalid(
        source,
        `line ${start}: the header has ${columns.length} columns, this record ${row.length}`,
        "quote cells that hold a comma"
      )
    }
    records.push({ line: start, cells: Object.fromEntries(columns.map((name, i) => [name, row[i]])) })
  }
  if (columns === undefined || records.length === 0) {
    return yield* invalid(source, "it holds no record", "give a CSV file with a header and at least one line below it")
  }
  return { columns, records } satisfies Records
})
