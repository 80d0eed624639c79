/**
 * A result as a Parquet file, written by DuckDB. The DuckDB that statements run in may touch no file, so this is another
 * one, which sees nothing but finished results; the file passes through a folder that only its owner can read.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createReadStream, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { quoteText } from "../../cache/duck/connect.ts"
import { appendRows, createTable } from "../../cache/duck/tables.ts"
import type { QueryRefused } from "./QueryRefused.ts"
import { forEachChunk, type Pieces } from "./typedChunks.ts"

const table = "result"

const configuration = { threads: "1", autoload_known_extensions: "false", autoinstall_known_extensions: "false" }

/** A DuckDB of its own, as long as the scope. */
const connected = Effect.acquireRelease(
  Effect.promise(async () => {
    const duck = await import("@duckdb/node-api")
    const instance = await duck.DuckDBInstance.create(":memory:", configuration)
    return { duck, instance, connection: await instance.connect() }
  }),
  ({ connection, instance }) =>
    Effect.sync(() => {
      connection.closeSync()
      instance.closeSync()
    })
)

/** A folder of this process's own, as long as the scope. */
const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sinternal-query-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/**
 * The bytes of the file, with the types that `arrow` gives.
 *
 * **Fails**: `QueryRefused` for an integer beyond 64 bits.
 */
export const parquet = <E, R>(pieces: Pieces<E, R>): Stream.Stream<Uint8Array, E | QueryRefused, R> =>
  Stream.unwrap(Effect.gen(function*() {
    const file = join(yield* privateFolder, "result.parquet")
    const { connection, duck } = yield* connected
    let isMade = false
    yield* forEachChunk(pieces, async ({ data, rows, schema }) => {
      if (!isMade) await createTable(connection, table, schema)
      isMade = true
      await appendRows({ connection, duck }, table, data, rows)
    })
    yield* Effect.promise(() =>
      connection.run(`copy ${table} to ${quoteText(file)} (format parquet, compression zstd)`)
    )
    return Stream.orDie(Stream.fromAsyncIterable<Uint8Array, unknown>(createReadStream(file), (cause) => cause))
  }))
