/**
 * Parquet files as records, read by DuckDB from a copy of the bytes, so that what is read is what was digested. Records
 * have no lines; they are counted from 1.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { PromptsInvalid } from "../service/PromptSource.ts"
import type { InputRecord, Records } from "./readCsv.ts"

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Lists and structs are plain arrays and objects already; a path such as `prompt.0.content` reads from them. */
const plain = (value: unknown): unknown => typeof value === "bigint" ? String(value) : value

const readCopy = async (file: string): Promise<Records> => {
  const { DuckDBInstance } = await import("@duckdb/node-api")
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", preserve_insertion_order: "true" })
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(`select * from read_parquet(${quoted(file)})`)
    const records = reader.getRowObjectsJS().map((row, i): InputRecord => ({
      line: i + 1,
      cells: Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]))
    }))
    return { columns: reader.columnNames(), records }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/**
 * The records of a Parquet file; `source` is its name in messages.
 *
 * **Fails**: `PromptsInvalid` for bytes that are not Parquet, or no record at all.
 */
export const readParquet = Effect.fn("readParquet")(function*(source: string, bytes: Uint8Array) {
  const temporary = tmpdir() // pipeline: allow env, only a place for a copy of bytes that are in the key
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(temporary, "prompts-"))), // pipeline: allow fs, the same copy
    (made) => Effect.promise(() => rm(made, { recursive: true, force: true })) // pipeline: allow fs, the same copy
  )
  const file = join(folder, "prompts.parquet")
  yield* Effect.promise(() => writeFile(file, bytes, { mode: 0o600 })) // pipeline: allow fs, the same copy
  const read = yield* Effect.tryPromise({
    try: () => readCopy(file),
    catch: (error) =>
      new PromptsInvalid({
        source,
        reason: `it cannot be read as Parquet (${(error as Error).message.split("\n")[0]!.replace(file, source)})`,
        next: "write it anew, or give CSV or JSONL"
      })
  })
  if (read.records.length === 0) {
    return yield* new PromptsInvalid({
      source,
      reason: "it holds no record",
      next: "give a file with at least one row"
    })
  }
  return read
}, Effect.scoped)
