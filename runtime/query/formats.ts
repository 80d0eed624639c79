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
import type { QueryRefused } from "./QueryRefused.ts"
import { forEachChunk, type Pieces } from "./typedChunks.ts"

const csvCell = (cell: Cell): string => {
  if (cell === null) return ""
  if (typeof cell === "object") {
    return cell instanceof Uint8Array
      ? Buffer.from(cell).toString("base64")
      : cellJson(cell)
  }
  return String(cell)
}

const csvRecords = function*({ columns, rows, schema }: QueryResult, isFirst: boolean) {
  const cells = schema.map(({ name }) => columns[name]!)
  if (isFirst) yield schema.map(({ name }) => name)
  for (let row = 0; row < rows; row++) yield cells.map((column) => csvCell(column[row]!))
}

/**
 * RFC 4180 with a line of names first. Null is an empty field, as is the empty text; bytes are base64, lists and structs
 * JSON.
 */
export const csv = <E, R>(pieces: Pieces<E, R>): Stream.Stream<string, E, R> =>
  Stream.zipWithIndex(pieces).pipe(
    Stream.flatMap(([piece, index]) => Stream.fromIterable(csvRecords(piece, index === 0))),
    Stream.pipeThroughChannel(Csv.encodeString())
  )

const jsonRows = function*({ columns, rows, schema }: QueryResult, before: number) {
  for (let row = 0; row < rows; row++) {
    const object = Object.fromEntries(schema.map(({ name }) => [name, columns[name]![row]!]))
    yield `${before + row === 0 ? "[\n" : ",\n"}${cellJson(object)}`
  }
}

/** One array, an object a row, a row a line. */
export const json = <E, R>(pieces: Pieces<E, R>): Stream.Stream<string, E, R> =>
  Stream.suspend(() => {
    let rows = 0
    const lines = Stream.flatMap(pieces, (piece) => {
      const before = rows
      rows += piece.rows
      return Stream.fromIterable(jsonRows(piece, before))
    })
    return Stream.concat(lines, Stream.suspend(() => Stream.make(rows === 0 ? "[]\n" : "\n]\n")))
  })

/**
 * An Arrow IPC stream. Integers are Int32 or Int64, decimals Float64, and what has no cell of its own (dates, maps) Utf8.
 *
 * **Fails**: `QueryRefused` for an integer beyond 64 bits.
 */
export const arrow = <E, R>(pieces: Pieces<E, R>): Stream.Stream<Uint8Array, E | QueryRefused, R> =>
  Stream.fromEffect(Effect.gen(function*() {
    const { RecordBatchReader, RecordBatchStreamWriter } = yield* Effect.promise(() => import("apache-arrow"))
    const writer = new RecordBatchStreamWriter()
    yield* forEachChunk(pieces, async ({ data, rows, schema }) => {
      const encode = await chunkEncoder(schema)
      for (const batch of RecordBatchReader.from(encode(data, rows))) writer.write(batch)
    })
    writer.finish()
    return writer.toUint8Array(true)
  }))
