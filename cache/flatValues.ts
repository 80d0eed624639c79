/**
 * The growing buffers of columns without children: text and bytes, bits, numbers. Nulls are counted in here as a value
 * of nothing; which rows are null, and columns with children, are `ColumnBuilder.ts`'s.
 */
import { ByteWriter } from "./ByteWriter.ts"
import type { Cell, ColumnType, FlatKind } from "./Columns.ts"
import type { ColumnData } from "./ColumnData.ts"

/** What stands in a {@link ColumnData} beside its type, length and validity. */
export type Buffers = Pick<ColumnData, "offsets" | "values" | "bytes" | "children">

/** A cell that was not taken: the type it should have had, and why when that is not the reason. */
export interface Refusal {
  readonly type: ColumnType
  readonly cell: Cell | undefined
  readonly why?: string
}

/** The values of one column. Every push adds one value (`pushRange`: several); a refused one adds nothing flat. */
export interface Values {
  /** Bytes of the buffers so far, given by the values alone. */
  readonly byteLength: number
  push(cell: Cell): Refusal | undefined
  pushNull(): void
  /** One value that is not null. */
  pushFrom(data: ColumnData, row: number): void
  /** Values that are not null. */
  pushRange(data: ColumnData, start: number, end: number): void
  /** One value as `RowCodec` wrote it, without its mark for null; the offset after it. */
  pushEncoded(bytes: Uint8Array, at: number): number
  take(): Buffers
}

const none: Buffers = { offsets: undefined, values: undefined, bytes: undefined, children: [] }

const firstCapacity = 64

/** Bytes of one text: what a JS string can hold again, and what fits the 32-bit offsets of a chunk. */
export const longestText = 2 ** 29

/** `length + 1` growing offsets. */
export class Offsets {
  #offsets = new Int32Array(firstCapacity)
  #length = 0

  get byteLength(): number {
    return this.#length * 4
  }

  push(end: number): void {
    if (++this.#length === this.#offsets.length) {
      const grown = new Int32Array(this.#offsets.length * 2)
      grown.set(this.#offsets)
      this.#offsets = grown
    }
    this.#offsets[this.#length] = end
  }

  take(): Int32Array {
    const taken = this.#offsets.subarray(0, this.#length + 1)
    this.#offsets = new Int32Array(Math.max(firstCapacity, this.#length + 2))
    this.#length = 0
    return taken
  }
}

/** The 32-bit number without a sign at any offset. */
export const sizeAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0

/** `string` and `binary`. */
export class TextValues implements Values {
  readonly #type: ColumnType
  readonly #offsets = new Offsets()
  readonly #bytes = new ByteWriter()

  constructor(type: ColumnType) {
    this.#type = type
  }

  get byteLength(): number {
    return this.#offsets.byteLength + this.#bytes.length
  }

  push(cell: Cell): Refusal | undefined {
    if (typeof cell === "string" && this.#type.kind === "string") {
      // Only a text this long can have so many bytes; counting them all would cost as much as writing them.
      if (cell.length > longestText / 3) {
        const size = Buffer.byteLength(cell)
        if (!this.#fits(size)) return this.#tooLong(cell, size)
      }
      this.#bytes.text(cell)
    } else if (cell instanceof Uint8Array && this.#type.kind === "binary") {
      if (!this.#fits(cell.length)) return this.#tooLong(cell, cell.length)
      this.#bytes.copy(cell, 0, cell.length)
    } else {
      return { type: this.#type, cell }
    }
    this.#offsets.push(this.#bytes.length)
    return undefined
  }

  #fits(size: number): boolean {
    return size <= longestText && this.#bytes.length + size < 2 ** 31
  }

  #tooLong(cell: Cell, size: number): Refusal {
    const why = size > longestText
      ? `a ${this.#type.kind} of ${size} bytes; a cell holds at most ${longestText}`
      : `more than ${2 ** 31 - 1} bytes in one chunk of a column`
    return { type: this.#type, cell, why }
  }

  pushNull(): void {
    this.#offsets.push(this.#bytes.length)
  }

  pushFrom(data: ColumnData, row: number): void {
    this.#bytes.copy(data.bytes!, data.offsets![row]!, data.offsets![row + 1]!)
    this.#offsets.push(this.#bytes.length)
  }

  pushRange(data: ColumnData, start: number, end: number): void {
    const offsets = data.offsets!
    const shift = this.#bytes.length - offsets[start]!
    this.#bytes.copy(data.bytes!, offsets[start]!, offsets[end]!)
    for (let row = start; row < end; row++) this.#offsets.push(offsets[row + 1]! + shift)
  }

  pushEncoded(bytes: Uint8Array, at: number): number {
    const start = at + 4
    const end = start + sizeAt(bytes, at)
    if (end > bytes.length) return end
    this.#bytes.copy(bytes, start, end)
    this.#offsets.push(this.#bytes.length)
    return end
  }

  take(): Buffers {
    return { ...none, offsets: this.#offsets.take(), bytes: this.#bytes.take() }
  }
}

/** `bool`: one bit a value, least significant first. */
export class BitValues implements Values {
  readonly #type: ColumnType
  #bits = new Uint8Array(firstCapacity)
  #length = 0

  constructor(type: ColumnType) {
    this.#type = type
  }

  get byteLength(): number {
    return this.#length + 7 >> 3
  }

  #add(bit: number): void {
    if (this.#length >> 3 === this.#bits.length) {
      const grown = new Uint8Array(this.#bits.length * 2)
      grown.set(this.#bits)
      this.#bits = grown
    }
    this.#bits[this.#length >> 3]! |= bit << (this.#length & 7)
    this.#length++
  }

  push(cell: Cell): Refusal | undefined {
    if (typeof cell !== "boolean") return { type: this.#type, cell }
    this.#add(cell ? 1 : 0)
    return undefined
  }

  pushNull(): void {
    this.#add(0)
  }

  pushFrom(data: ColumnData, row: number): void {
    this.#add((data.values as Uint8Array)[row >> 3]! >> (row & 7) & 1)
  }

  pushRange(data: ColumnData, start: number, end: number): void {
    for (let row = start; row < end; row++) this.pushFrom(data, row)
  }

  pushEncoded(bytes: Uint8Array, at: number): number {
    if (at < bytes.length) this.#add(bytes[at]!)
    return at + 1
  }

  take(): Buffers {
    const values = this.#bits.subarray(0, this.byteLength)
    this.#bits = new Uint8Array(Math.max(firstCapacity, values.length + 1))
    this.#length = 0
    return { ...none, values }
  }
}

export type NumberKind = Exclude<FlatKind, "string" | "binary" | "bool">

type NumberArray = Int32Array | BigInt64Array | Float64Array

const emptyNumbers = {
  int32: (n: number) => new Int32Array(n),
  int64: (n: number) => new BigInt64Array(n),
  bigint: (n: number) => new BigInt64Array(n),
  float64: (n: number) => new Float64Array(n)
}

/** Bytes of a value of fixed width; undefined for the others. */
export const widthOf = (type: ColumnType): 4 | 8 | undefined => {
  switch (type.kind) {
    case "int32":
      return 4
    case "int64":
    case "bigint":
    case "float64":
      return 8
    default:
      return undefined
  }
}

/** The bytes below a typed array. */
export const rawBytes = (values: NonNullable<ColumnData["values"]>): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

/** -0 and the many NaNs are one value each, or equal tables could differ in their digests. */
export const canonicalFloat = (value: number): number => value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value

export const isInt32 = (cell: Cell): cell is number => typeof cell === "number" && (cell | 0) === cell

export const isInt64 = (cell: Cell): cell is bigint => typeof cell === "bigint" && BigInt.asIntN(64, cell) === cell

/** The upper half of a safe integer as 64 bits; {@link lowWord} is the lower. */
export const highWord = (integer: number): number => Math.floor(integer / 2 ** 32)
export const lowWord = (integer: number): number => integer - highWord(integer) * 2 ** 32 | 0

/** True when the 64 bits of these halves are an integer that a JS number holds exactly. */
export const isSafeInt64 = (high: number, low: number): boolean =>
  high < 2 ** 21 && (high > -(2 ** 21) || high === -(2 ** 21) && low !== 0)

/** Numbers of fixed width. */
export class NumberValues implements Values {
  readonly #type: ColumnType
  readonly #kind: NumberKind
  readonly #width: number
  #values: NumberArray
  #raw: Uint8Array
  /** The same memory, 32 bits at a time: a safe integer of 64 bits is written without making a bigint of it. */
  #words: Int32Array
  #length = 0

  constructor(type: ColumnType & { readonly kind: NumberKind }) {
    this.#type = type
    this.#kind = type.kind
    this.#width = widthOf(type)!
    this.#values = emptyNumbers[type.kind](firstCapacity)
    this.#raw = rawBytes(this.#values)
    this.#words = new Int32Array(this.#values.buffer)
  }

  get byteLength(): number {
    return this.#length * this.#width
  }

  #use(values: NumberArray): void {
    this.#values = values
    this.#raw = rawBytes(values)
    this.#words = new Int32Array(values.buffer)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#values.length) return
    const old = this.#raw.subarray(0, this.byteLength)
    this.#use(emptyNumbers[this.#kind](Math.max(this.#length + count, this.#values.length * 2)))
    this.#raw.set(old)
  }

  push(cell: Cell): Refusal | undefined {
    this.#reserve(1)
    if (!this.#store(cell)) return { type: this.#type, cell }
    this.#length++
    return undefined
  }

  #store(cell: Cell): boolean {
    switch (this.#kind) {
      case "float64":
        if (typeof cell !== "number") return false
        this.#values[this.#length] = canonicalFloat(cell)
        return true
      case "int32":
        if (!isInt32(cell)) return false
        this.#words[this.#length] = cell
        return true
      case "int64":
        if (typeof cell !== "number" || !Number.isSafeInteger(cell)) return false
        this.#words[this.#length * 2] = lowWord(cell)
        this.#words[this.#length * 2 + 1] = highWord(cell)
        return true
      case "bigint":
        if (!isInt64(cell)) return false
        this.#values[this.#length] = cell
        return true
    }
  }

  pushNull(): void {
    this.#reserve(1)
    this.#length++
  }

  pushFrom(data: ColumnData, row: number): void {
    this.#reserve(1)
    this.#values[this.#length++] = (data.values as NumberArray)[row]!
  }

  pushRange(data: ColumnData, start: number, end: number): void {
    this.pushRaw(rawBytes(data.values!), start * this.#width, end - start)
  }

  /** `count` values from their bytes; the offset after them. */
  pushRaw(bytes: Uint8Array, at: number, count: number): number {
    const end = at + count * this.#width
    if (end > bytes.length) return end
    this.#reserve(count)
    this.#raw.set(bytes.subarray(at, end), this.byteLength)
    this.#length += count
    return end
  }

  pushEncoded(bytes: Uint8Array, at: number): number {
    const end = at + this.#width
    if (end > bytes.length) return end
    this.#reserve(1)
    let to = this.#length++ * this.#width
    for (let i = at; i < end; i++) this.#raw[to++] = bytes[i]!
    return end
  }

  take(): Buffers {
    const values = this.#values.subarray(0, this.#length)
    this.#use(emptyNumbers[this.#kind](Math.max(firstCapacity, this.#length)))
    this.#length = 0
    return { ...none, values }
  }
}
