/**
 * A result as typed columns, chunk by chunk: what Arrow and Parquet are written from. Which type a column gets is in
 * `columnTypeOf.ts`.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { CellRefused } from "../../cache/CellRefused.ts"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import type { ColumnData } from "../../cache/ColumnData.ts"
import type { Cell, Column, TableSchema } from "../../cache/Columns.ts"
import type { QueryResult } from "../../cache/Duck.ts"
import { chunkRows } from "../../cache/TableBlob.ts"
import { columnTypeOf, fitCell } from "./columnTypeOf.ts"
import { QueryRefused } from "./QueryRefused.ts"

/** A result in pieces, as `answerPieces` gives it; at least one, and all of the same columns. */
export type Pieces<E, R> = Stream.Stream<QueryResult, E, R>

/** Rows as buffers, with the types they are written with. */
export interface TypedChunk {
  readonly schema: TableSchema
  readonly data: ReadonlyArray<ColumnData>
  readonly rows: number
}

const encoded = ({ name, type }: Column, cells: ReadonlyArray<Cell>, first: number): ColumnData => {
  try {
    return encodeColumn(type, cells.map((cell) => fitCell(type, cell)))
  } catch (error) {
    if (!(error instanceof CellRefused)) throw error
    // `fitCell` makes every other cell fit.
    throw new QueryRefused({
      reason: `column ${name} has an integer of more than 64 bits in row ${
        first + error.row + 1
      }, which is more than arrow and parquet files here have`,
      next: "write its expression with ::DOUBLE or ::VARCHAR"
    })
  }
}

/** So many rows at once that texts of any length fit into buffers with 32-bit offsets; at least one chunk. */
const chunksOf = function*({ columns, rows, schema: given }: QueryResult, before: number) {
  const schema = given.map(({ name, type }): Column => ({ name, type: columnTypeOf(type) }))
  for (let first = 0; first === 0 || first < rows; first += chunkRows) {
    const count = Math.min(chunkRows, rows - first)
    const data = schema.map((column) =>
      encoded(column, columns[column.name]!.slice(first, first + count), before + first)
    )
    yield { schema, data, rows: count } satisfies TypedChunk
  }
}

/**
 * Calls `work` with every chunk, one after the other, at least once.
 *
 * **Fails**: `QueryRefused` for an integer beyond 64 bits. What `work` rejects with is a defect.
 */
export const forEachChunk = <E, R>(pieces: Pieces<E, R>, work: (chunk: TypedChunk) => Promise<void>) =>
  Effect.suspend(() => {
    let before = 0
    return Stream.runForEach(pieces, (piece) =>
      Effect.tryPromise({
        try: async () => {
          for (const chunk of chunksOf(piece, before)) await work(chunk)
          before += piece.rows
        },
        catch: (cause) => cause
      }).pipe(Effect.catch((cause) => cause instanceof QueryRefused ? Effect.fail(cause) : Effect.die(cause))))
  })
