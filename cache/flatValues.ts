/**
 * The growing buffers of columns of text, bytes and bits; those of numbers are in `numberValues.ts`. A null is counted
 * here as a value of nothing; which rows are null, and columns with children, are `ColumnBuilder.ts`'s.
 */
import { ByteWriter } from "./ByteWriter.ts"
import type { ColumnData } from "./ColumnData.ts"
import type { Cell, ColumnType } from "./Columns.ts"

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
  /** The buffers so far, handed over. */
  take(): Buffers
  /** The buffers so far: good until {@link clear}, which forgets the values and keeps their memory for the next ones. */
  view(): Buffers
  clear(): void
}

/** What a column without values of its own has. */
export const noBuffers: Buffers = { offsets: undefined, values: undefined, bytes: undefined, children: [] }

/** Values that a new column has room for. */
export const firstCapacity = 64

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

  view(): Int32Array {
    return this.#offsets.subarray(0, this.#length + 1)
  }

  clear(): void {
    this.#length = 0
  }

  take(): Int32Array {
    const taken = this.view()
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
        if (!this.#fits(size)) return this.#tooLong(size)
      }
      this.#bytes.text(cell)
    } else if (cell instanceof Uint8Array && this.#type.kind === "binary") {
      return this.pushBytes(cell, 0, cell.length)
    } else {
      return { type: this.#type, cell }
    }
    this.#offsets.push(this.#bytes.length)
    return undefined
  }

  /** A value that is the bytes from `start` up to `end`; those of a text must be UTF-8. */
  pushBytes(source: Uint8Array, start: number, end: number): Refusal | undefined {
    if (!this.#fits(end - start)) return this.#tooLong(end - start)
    this.#bytes.copy(source, start, end)
    this.#offsets.push(this.#bytes.length)
    return undefined
  }

  #fits(size: number): boolean {
    return size <= longestText && this.#bytes.length + size < 2 ** 31
  }

  #tooLong(size: number): Refusal {
    const why = size > longestText
      ? `a ${this.#type.kind} of ${size} bytes; a cell holds at most ${longestText}`
      : `more than ${2 ** 31 - 1} bytes in one chunk of a column`
    return { type: this.#type, cell: undefined, why }
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
    return { ...noBuffers, offsets: this.#offsets.take(), bytes: this.#bytes.take() }
  }

  view(): Buffers {
    return { ...noBuffers, offsets: this.#offsets.view(), bytes: this.#bytes.view() }
  }

  clear(): void {
    this.#offsets.clear()
    this.#bytes.clear()
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
    const taken = this.view()
    this.#bits = new Uint8Array(Math.max(firstCapacity, this.byteLength + 1))
    this.#length = 0
    return taken
  }

  view(): Buffers {
    return { ...noBuffers, values: this.#bits.subarray(0, this.byteLength) }
  }

  clear(): void {
    this.#bits.fill(0, 0, this.byteLength)
    this.#length = 0
  }
}
