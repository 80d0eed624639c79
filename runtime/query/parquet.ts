/**
 * A result as a Parquet file, written by DuckDB. The DuckDB that statements run in may touch no file, so this is another
 * one, which sees nothing but finished results; the file passes through a folder that only its owner can read.
 */
import type * as Duck from "@duckdb/node-api"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createReadStream, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { QueryResult } from "../../cache/Duck.ts"
import { quoteText } from "../../cache/duck/connect.ts"
import { appendRows, createTable } from "../../cache/duck/tables.ts"
import { QueryRefused } from "./QueryRefused.ts"
import { typedChunks, typedSchema } from "./typedChunks.ts"

const table = "result"

const configuration = { threads: "1", autoload_known_extensions: "false", autoinstall_known_extensions: "false" }

const write = async (connection: Duck.DuckDBConnection, duck: typeof Duck, result: QueryResult, file: string) => {
  const schema = typedSchema(result)
  await createTable(connection, table, schema)
  for (const { data, rows } of typedChunks(result, schema)) await appendRows({ connection, duck }, table, data, rows)
  await connection.run(`copy ${table} to ${quoteText(file)} (format parquet, compression zstd)`)
}

/** A folder of this process's own, as long as the scope. */
const privateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sinternal-query-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const writeFile = (result: QueryResult, file: string) =>
  Effect.tryPromise({
    try: async () => {
      const duck = await import("@duckdb/node-api")
      const instance = await duck.DuckDBInstance.create(":memory:", configuration)
      const connection = await instance.connect()
      try {
        await write(connection, duck, result, file)
      } finally {
        connection.closeSync()
        instance.closeSync()
      }
    },
    catch: (cause) => cause
  }).pipe(Effect.catch((cause) => cause instanceof QueryRefused ? Effect.fail(cause) : Effect.die(cause)))

/**
 * The bytes of the file, with the types that `arrow` gives.
 *
 * **Fails**: `QueryRefused` for an integer beyond 64 bits.
 */
export const parquet = (result: QueryResult): Stream.Stream<Uint8Array, QueryRefused> =>
  Stream.unwrap(Effect.gen(function*() {
    const file = join(yield* privateFolder, "result.parquet")
    yield* writeFile(result, file)
    return Stream.fromAsyncIterable(createReadStream(file), (cause) => cause).pipe(Stream.orDie) as Stream.Stream<
      Uint8Array
    >
  }))
