/**
 * A result as bytes or text for other programs: CSV, JSON, or an Arrow IPC stream, a piece at a time. Parquet is in
 * `parquet.ts`; the table for people is `terminal/showRows.ts`.
 */
import * as Effect from "effect/Effect"
import * as Csv from "effect/encoding/Csv"
import * as Stream from "effect/Stream"
import type { Cell } from "../../cache/Columns.ts"
import type { QueryResult } from "../../cache/Duck.ts"
import { chunkEncoder } from "../../cache/TableBlob.ts"
import { cellJson } from "./cellJson.ts"
import { QueryRefused } from "./QueryRefused.ts"
import { typedChunks, typedSchema } from "./typedChunks.ts"

const csvCell = (cell: Cell): string => {
  if (cell === null) return ""
  if (typeof cell === "object") {
    return cell instanceof Uint8Array
      ? Buffer.from(cell).toString("base64")
      : cellJson(cell)
  }
  return String(cell)
}

const csvRecords = function*({ columns, rows, schema }: QueryResult) {
  const cells = schema.map(({ name }) => columns[name]!)
  yield schema.map(({ name }) => name)
  for (let row = 0; row < rows; row++) yield cells.map((column) => csvCell(column[row]!))
}

/**
 * RFC 4180 with a line of names first. Null is an empty field, as is the empty text; bytes are base64, lists and structs
 * JSON.
 */
export const csv = (result: QueryResult): Stream.Stream<string> =>
  Stream.fromIterable(csvRecords(result)).pipe(Stream.pipeThroughChannel(Csv.encodeString()))

const jsonPieces = function*({ columns, rows, schema }: QueryResult) {
  for (let row = 0; row < rows; row++) {
    const object = Object.fromEntries(schema.map(({ name }) => [name, columns[name]![row]!]))
    yield `${row === 0 ? "[\n" : ",\n"}${cellJson(object)}`
  }
  yield rows === 0 ? "[]\n" : "\n]\n"
}

/** One array, an object a row, a row a line. */
export const json = (result: QueryResult): Stream.Stream<string> => Stream.fromIterable(jsonPieces(result))

const arrowBytes = async (result: QueryResult): Promise<Uint8Array> => {
  const arrow = await import("apache-arrow")
  const schema = typedSchema(result)
  const encode = await chunkEncoder(schema)
  const writer = new arrow.RecordBatchStreamWriter()
  for (const { data, rows } of typedChunks(result, schema)) {
    for (const batch of arrow.RecordBatchReader.from(encode(data, rows))) writer.write(batch)
  }
  writer.finish()
  return writer.toUint8Array(true)
}

/**
 * An Arrow IPC stream. Integers are Int32 or Int64, decimals Float64, and what has no cell of its own (dates, maps) Utf8.
 *
 * **Fails**: `QueryRefused` for an integer beyond 64 bits.
 */
export const arrow = (result: QueryResult): Stream.Stream<Uint8Array, QueryRefused> =>
  Stream.fromEffect(
    Effect.tryPromise({ try: () => arrowBytes(result), catch: (cause) => cause }).pipe(
      Effect.catch((cause) => cause instanceof QueryRefused ? Effect.fail(cause) : Effect.die(cause))
    )
  )
