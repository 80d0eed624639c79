/** JSONL files, one object a line, as records that know their line. */
import * as Effect from "effect/Effect"
import { PromptsInvalid } from "../service/PromptSource.ts"
import type { InputRecord, Records } from "./readCsv.ts"

const parseLine = (source: string, text: string, line: number): InputRecord => {
  const invalid = (reason: string) =>
    new PromptsInvalid({ source, reason: `line ${line}: ${reason}`, next: "write one JSON object on each line" })
  let cells: unknown
  try {
    cells = JSON.parse(text)
  } catch (error) {
    throw invalid(`invalid JSON (${(error as Error).message})`)
  }
  if (typeof cells !== "object" || cells === null || Array.isArray(cells)) throw invalid("it is JSON but not an object")
  return { line, cells: cells as InputRecord["cells"] }
}

/**
 * The records of a JSONL text; `source` is the file's name in messages. Columns are those of any record; empty lines are
 * passed over.
 *
 * **Fails**: `PromptsInvalid` for a line that is not a JSON object, or no record at all.
 */
export const readJsonl = (source: string, text: string): Effect.Effect<Records, PromptsInvalid> =>
  Effect.try({
    try: () => {
      const records = text.replace(/^\uFEFF/, "").split(/\r?\n/).flatMap((line, i) =>
        line.trim() === "" ? [] : [parseLine(source, line, i + 1)]
      )
      if (records.length === 0) {
        throw new PromptsInvalid({
          source,
          reason: "it holds no record",
          next: "give a file with one JSON object on each line"
        })
      }
      return { columns: [...new Set(records.flatMap(({ cells }) => Object.keys(cells)))], records }
    },
    catch: (error) => error as PromptsInvalid
  })
