/**
 * The growing buffers of columns of numbers, and what a number must be to lie in one: integers of 32 and 64 bits, exact
 * as JS numbers or as bigints, and floats in one form.
 */
import type { ColumnData } from "./ColumnData.ts"
import type { Cell, ColumnType, FlatKind } from "./Columns.ts"
import { type Buffers, firstCapacity, noBuffers, type Refusal, type Values } from "./flatValues.ts"

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

/** The values of a column of this type that lie in `bytes`, which begin at a multiple of their width. */
export const numbersOver = (type: ColumnType, bytes: Uint8Array): NonNullable<ColumnData["values"]> => {
  const { buffer, byteLength, byteOffset } = bytes
  switch (type.kind) {
    case "int32":
      return new Int32Array(buffer, byteOffset, byteLength / 4)
    case "int64":
    case "bigint":
      return new BigInt64Array(buffer, byteOffset, byteLength / 8)
    case "float64":
      return new Float64Array(buffer, byteOffset, byteLength / 8)
    default:
      return bytes
  }
}

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
    const taken = this.view()
    this.#use(emptyNumbers[this.#kind](Math.max(firstCapacity, this.#length)))
    this.#length = 0
    return taken
  }

  view(): Buffers {
    return { ...noBuffers, values: this.#values.subarray(0, this.#length) }
  }

  clear(): void {
    this.#raw.fill(0, 0, this.byteLength) // a null is a value of zeros
    this.#length = 0
  }
}
