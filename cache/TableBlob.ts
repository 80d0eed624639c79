/**
 * One chunk of a table as an Arrow IPC *stream* (schema first, so a cut file is recognised), readable by any Arrow
 * implementation, and back with projection to some columns. Which bytes belong to which table is the manifest's
 * business; hashing is `columnDigest.ts`.
 */
import type * as Arrow from "apache-arrow"
import type { ColumnData } from "./ColumnData.ts"
import type { ColumnType, TableSchema } from "./Columns.ts"

/** Rows of a chunk, at most. */
export const chunkRows = 8192

/**
 * A chunk ends earlier than at {@link chunkRows} once its buffers hold more than this: buffers have 32-bit offsets, and
 * a chunk is held in memory. Unit: bytes.
 */
export const chunkBytes = 1 << 25

type ArrowModule = typeof Arrow

let loaded: ArrowModule | undefined

/** Called before a chunk is read or written, and not earlier: a run in which everything is fresh never needs it. */
export const loadArrow = async (): Promise<ArrowModule> => loaded ??= await import("apache-arrow")

export const isArrowLoaded = (): boolean => loaded !== undefined

const arrowType = (arrow: ArrowModule, type: ColumnType): Arrow.DataType => {
  switch (type.kind) {
    case "string":
      return new arrow.Utf8()
    case "bool":
      return new arrow.Bool()
    case "int32":
      return new arrow.Int32()
    case "int64":
    case "bigint":
      return new arrow.Int64()
    case "float64":
      return new arrow.Float64()
    case "binary":
      return new arrow.Binary()
    case "list":
      return new arrow.List(new arrow.Field("item", arrowType(arrow, type.item), type.item.nullable))
    case "struct":
      return new arrow.Struct(
        type.fields.map((field) => new arrow.Field(field.name, arrowType(arrow, field.type), field.type.nullable))
      )
  }
}

const toArrow = (arrow: ArrowModule, data: ColumnData): Arrow.Data => {
  const type = arrowType(arrow, data.type)
  const children = data.children.map((child) => toArrow(arrow, child))
  const buffers = {
    [arrow.BufferType.OFFSET]: data.offsets,
    [arrow.BufferType.DATA]: data.bytes ?? data.values,
    [arrow.BufferType.VALIDITY]: data.validity
  }
  const nullCount = data.validity === undefined ? 0 : -1
  return new arrow.Data(type, 0, data.length, nullCount, buffers as never, children)
}

/**
 * The bytes of one chunk, in pieces, most of them views of the columns' buffers: a chunk is never copied. Shape: every
 * column has `rows` values, in the order of the schema.
 */
export type ChunkEncoder = (columns: ReadonlyArray<ColumnData>, rows: number) => ReadonlyArray<Uint8Array>

/** Encodes the chunks of tables with these columns. */
export const chunkEncoder = async (schema: TableSchema): Promise<ChunkEncoder> => {
  const arrow = await loadArrow()
  const arrowSchema = new arrow.Schema(
    schema.map((column) => new arrow.Field(column.name, arrowType(arrow, column.type), column.type.nullable))
  )
  const struct = new arrow.Struct(arrowSchema.fields)
  /** Where Arrow writes to: keeps what it is given instead of joining it. */
  class Pieces extends arrow.AsyncByteQueue {
    readonly pieces: Array<Uint8Array> = []
    override write(piece: Uint8Array): void {
      if (piece.byteLength > 0) this.pieces.push(new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength))
    }
  }
  return (columns, rows) => {
    const data = new arrow.Data(struct, 0, rows, 0, {}, columns.map((column) => toArrow(arrow, column)))
    const sink = new Pieces()
    const writer = new arrow.RecordBatchStreamWriter()
    writer.reset(sink as never) // typed for streams; a queue of bytes is what it takes by default
    writer.write(new arrow.RecordBatch(arrowSchema, data))
    writer.finish()
    return sink.pieces
  }
}

/** Views on the record batch's own buffers: nothing is copied, a column that is not asked for costs nothing. */
const fromArrow = (type: ColumnType, data: Arrow.Data): ColumnData => {
  const childTypes = type.kind === "list" ? [type.item] : type.kind === "struct" ? type.fields.map((f) => f.type) : []
  const text = type.kind === "string" || type.kind === "binary"
  return {
    type,
    length: data.length,
    validity: data.nullCount > 0 ? data.nullBitmap as Uint8Array : undefined,
    offsets: text || type.kind === "list" ? data.valueOffsets as Int32Array : undefined,
    values: text ? undefined : data.values as ColumnData["values"],
    bytes: text ? data.values as Uint8Array : undefined,
    children: childTypes.map((child, i) => fromArrow(child, data.children[i]!))
  }
}

/** A chunk holds other columns than its manifest says. Thrown by {@link decodeChunk}. */
export class ChunkRefused extends Error {
  override readonly name = "ChunkRefused"
}

/**
 * The columns of one chunk, in the order of `names`, once {@link isArrowLoaded}.
 *
 * **Fails**: throws {@link ChunkRefused} when the bytes are not the chunk that `schema` and `rows` describe.
 */
export const decodeChunk = (
  bytes: Uint8Array,
  schema: TableSchema,
  rows: number,
  names: ReadonlyArray<string>
): ReadonlyArray<ColumnData> => {
  if (loaded === undefined) throw new Error("Arrow is not loaded yet")
  const batch = loaded.RecordBatchReader.from(bytes).next().value as Arrow.RecordBatch | null
  if (batch === null || batch === undefined || batch.numRows !== rows) {
    throw new ChunkRefused(`expected ${rows} rows, found ${batch?.numRows ?? "no record batch"}`)
  }
  return names.map((name) => {
    const at = schema.findIndex((column) => column.name === name)
    const column = schema[at]
    const child = batch.data.children[at]
    if (column === undefined || child === undefined || batch.schema.fields[at]?.name !== name) {
      throw new ChunkRefused(`no column ${name}`)
    }
    return fromArrow(column.type, child)
  })
}
