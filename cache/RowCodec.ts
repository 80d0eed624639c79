/**
 * The cells of one row as bytes, for the payloads of row logs: one byte for the version, then the columns in order. A
 * cell says nothing of its type and all of its length, so that builders take it over without making a JS value of it
 * (`ColumnBuilder.pushEncoded`). Numbers are little-endian.
 *
 *     cell    0 when null, else 1 and its value
 *     string, binary    size of 32 bits, bytes
 *     bool    0 or 1
 *     int32 · int64, bigint, float64    4 · 8 bytes
 *     list    number of items of 32 bits, items as cells; of numbers: then 1 and the bytes of all items, or 0 and cells
 *             where one is null
 *     struct    fields as cells
 */
import { ByteWriter } from "./ByteWriter.ts"
import { CellRefused } from "./CellRefused.ts"
import type { Cell, ColumnType, TableSchema } from "./Columns.ts"
import { longestText, type Refusal, sizeAt } from "./flatValues.ts"
import { canonicalFloat, highWord, isInt32, isInt64, lowWord, widthOf } from "./numberValues.ts"

/** Another form of rows gets another number; rows of an older one are refused and run again. */
const version = 1

/** Bytes that are no row of this schema. Thrown by {@link RowCodec}; the row must be made again. */
export class RowRefused extends Error {
  override readonly name = "RowRefused"
}

/** The cell of a row that its column cannot hold. */
export class RowCellRefused extends Error {
  override readonly name = "RowCellRefused"
  readonly column: string
  override readonly cause: CellRefused
  constructor(column: string, cause: CellRefused) {
    super(`column ${column}: ${cause.found}`)
    this.column = column
    this.cause = cause
  }
}

type Encoder = (cell: Cell, out: ByteWriter) => Refusal | undefined

const encodeText = (type: ColumnType): Encoder => (cell, out) => {
  if (typeof cell === "string" && type.kind === "string") {
    if (cell.length > longestText / 3 && Buffer.byteLength(cell) > longestText) return tooLong(type, cell)
    out.sizedText(cell)
  } else if (cell instanceof Uint8Array && type.kind === "binary") {
    if (cell.length > longestText) return tooLong(type, cell)
    out.size(cell.length)
    out.copy(cell, 0, cell.length)
  } else {
    return { type, cell }
  }
  return undefined
}

const tooLong = (type: ColumnType, cell: Cell): Refusal => ({
  type,
  cell,
  why: `a ${type.kind} of more than ${longestText} bytes, which is the most a cell holds`
})

const encodeList = (type: ColumnType & { readonly kind: "list" }): Encoder => {
  const item = encodeCell(type.item)
  const value = encodeValue(type.item)
  const numbers = widthOf(type.item) !== undefined
  return (cell, out) => {
    if (!Array.isArray(cell)) return { type, cell }
    const items = cell as ReadonlyArray<Cell>
    out.size(items.length)
    const whole = numbers && !items.includes(null)
    if (numbers) out.byte(whole ? 1 : 0)
    const encode = whole ? value : item
    for (const each of items) {
      const refusal = encode(each, out)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }
}

const encodeStruct = (type: ColumnType & { readonly kind: "struct" }): Encoder => {
  const fields = type.fields.map((field) => ({ name: field.name, encode: encodeCell(field.type) }))
  return (cell, out) => {
    if (typeof cell !== "object" || cell === null || Array.isArray(cell) || cell instanceof Uint8Array) {
      return { type, cell }
    }
    for (const { encode, name } of fields) {
      const refusal = encode((cell as Readonly<Record<string, Cell>>)[name]!, out)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }
}

const encodeValue = (type: ColumnType): Encoder => {
  switch (type.kind) {
    case "string":
    case "binary":
      return encodeText(type)
    case "bool":
      return (cell, out) => typeof cell === "boolean" ? void out.byte(cell ? 1 : 0) : { type, cell }
    case "int32":
      return (cell, out) => isInt32(cell) ? void out.size(cell) : { type, cell }
    case "int64":
      return (cell, out) => {
        if (typeof cell !== "number" || !Number.isSafeInteger(cell)) return { type, cell }
        out.size(lowWord(cell))
        return void out.size(highWord(cell))
      }
    case "bigint":
      return (cell, out) => isInt64(cell) ? void out.bigint64(cell) : { type, cell }
    case "float64":
      return (cell, out) => typeof cell === "number" ? void out.float64(canonicalFloat(cell)) : { type, cell }
    case "list":
      return encodeList(type)
    case "struct":
      return encodeStruct(type)
  }
}

const encodeCell = (type: ColumnType): Encoder => {
  const encode = encodeValue(type)
  return (cell, out) => {
    if (cell === null && type.nullable) return void out.byte(0)
    if (cell === null || cell === undefined) return { type, cell }
    out.byte(1)
    return encode(cell, out)
  }
}

/** Where a decoder stands. Reading beyond the end gives nonsense and an offset that tells. */
interface Cursor {
  readonly bytes: Buffer
  at: number
}

type Decoder = (cursor: Cursor) => Cell

const takeSize = (cursor: Cursor): number => {
  const size = sizeAt(cursor.bytes, cursor.at)
  cursor.at += 4
  // Before anything of this size is made: the bytes may be damaged.
  if (size > cursor.bytes.length - cursor.at) throw new RowRefused("the bytes of a row end early")
  return size
}

const decodeList = (type: ColumnType & { readonly kind: "list" }): Decoder => {
  const item = decodeCell(type.item)
  const value = decodeValue(type.item)
  const numbers = widthOf(type.item) !== undefined
  return (cursor) => {
    const count = takeSize(cursor)
    const decode = numbers && cursor.bytes[cursor.at++] === 1 ? value : item
    const cells: Array<Cell> = []
    for (let k = 0; k < count; k++) cells.push(decode(cursor))
    return cells
  }
}

const decodeStruct = (type: ColumnType & { readonly kind: "struct" }): Decoder => {
  const fields = type.fields.map((field) => ({ name: field.name, decode: decodeCell(field.type) }))
  return (cursor) => {
    const cell: Record<string, Cell> = {}
    for (const { decode, name } of fields) cell[name] = decode(cursor)
    return cell
  }
}

const fixed = (width: number, read: (bytes: Buffer, at: number) => Cell): Decoder => (cursor) => {
  const at = cursor.at
  cursor.at += width
  if (cursor.at > cursor.bytes.length) throw new RowRefused("the bytes of a row end early")
  return read(cursor.bytes, at)
}

const decodeValue = (type: ColumnType): Decoder => {
  switch (type.kind) {
    case "string":
      return (cursor) => {
        const size = takeSize(cursor)
        return cursor.bytes.toString("utf8", cursor.at, cursor.at += size)
      }
    case "binary":
      return (cursor) => {
        const size = takeSize(cursor)
        return new Uint8Array(cursor.bytes.subarray(cursor.at, cursor.at += size))
      }
    case "bool":
      return fixed(1, (bytes, at) => bytes[at] === 1)
    case "int32":
      return fixed(4, (bytes, at) => bytes.readInt32LE(at))
    case "int64":
      return fixed(8, (bytes, at) => bytes.readInt32LE(at + 4) * 2 ** 32 + sizeAt(bytes, at))
    case "bigint":
      return fixed(8, (bytes, at) => bytes.readBigInt64LE(at))
    case "float64":
      return fixed(8, (bytes, at) => bytes.readDoubleLE(at))
    case "list":
      return decodeList(type)
    case "struct":
      return decodeStruct(type)
  }
}

const decodeCell = (type: ColumnType): Decoder => {
  const decode = decodeValue(type)
  return (cursor) => cursor.bytes[cursor.at++] === 0 ? null : decode(cursor)
}

/** Rows of one schema. An instance keeps a buffer and serves one writer. */
export class RowCodec {
  readonly schema: TableSchema
  readonly #encoders: ReadonlyArray<Encoder>
  readonly #decoders: ReadonlyArray<Decoder>
  readonly #out = new ByteWriter()

  constructor(schema: TableSchema) {
    this.schema = schema
    this.#encoders = schema.map((column) => encodeCell(column.type))
    this.#decoders = schema.map((column) => decodeCell(column.type))
  }

  /**
   * The bytes of a row's cells, in the order of the schema: a view, valid until the next call.
   *
   * **Fails**: throws {@link RowCellRefused} naming the column.
   */
  encode(cells: ReadonlyArray<Cell>): Uint8Array {
    const out = this.#out
    out.clear()
    out.byte(version)
    for (let k = 0; k < this.#encoders.length; k++) {
      const refusal = this.#encoders[k]!(cells[k]!, out)
      if (refusal !== undefined) {
        const { cell, type, why } = refusal
        throw new RowCellRefused(this.schema[k]!.name, new CellRefused(type, 0, cell, why))
      }
    }
    return out.view()
  }

  /** The offset of the first cell of a row that begins at `at`. **Fails**: throws {@link RowRefused}. */
  firstCell(bytes: Uint8Array, at: number = 0): number {
    if (bytes[at] === version) return at + 1
    throw new RowRefused(`a row in form ${bytes[at] ?? "of no bytes"}; this version reads form ${version}`)
  }

  /** The cells of the row that begins at `at`. **Fails**: throws {@link RowRefused}. */
  decode(bytes: Uint8Array, at: number = 0): Array<Cell> {
    const view = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const cursor = { bytes: view, at: this.firstCell(bytes, at) }
    const cells = this.#decoders.map((decode) => decode(cursor))
    if (cursor.at > view.length) throw new RowRefused("the bytes of a row end early")
    return cells
  }
}
