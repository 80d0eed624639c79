/**
 * One growing column: values go in as cells, from other columns or from row logs, and come out as the buffers Arrow
 * lays out. No JS value is made where bytes can be copied. Flat values are `flatValues.ts`'s and
 * `numberValues.ts`'s; tables are
 * `TableWriter.ts`'s.
 */
import { CellRefused } from "./CellRefused.ts"
import { allValid, type ColumnData, isValid } from "./ColumnData.ts"
import type { Cell, ColumnType } from "./Columns.ts"
import {
  BitValues,
  type Buffers,
  noBuffers,
  Offsets,
  type Refusal,
  sizeAt,
  TextValues,
  type Values
} from "./flatValues.ts"
import { type NumberKind, NumberValues } from "./numberValues.ts"

/** Lists: offsets into a column of all items. */
class ListValues implements Values {
  readonly #type: ColumnType
  readonly #offsets = new Offsets()
  readonly #items: ColumnBuilder

  constructor(type: ColumnType & { readonly kind: "list" }) {
    this.#type = type
    this.#items = new ColumnBuilder(type.item)
  }

  get byteLength(): number {
    return this.#offsets.byteLength + this.#items.byteLength
  }

  push(cell: Cell): Refusal | undefined {
    if (!Array.isArray(cell)) return { type: this.#type, cell }
    for (const item of cell as ReadonlyArray<Cell>) {
      const refusal = this.#items.offer(item)
      if (refusal !== undefined) return refusal
    }
    this.#offsets.push(this.#items.length)
    return undefined
  }

  pushNull(): void {
    this.#offsets.push(this.#items.length)
  }

  pushFrom(data: ColumnData, row: number): void {
    this.#items.pushRange(data.children[0]!, data.offsets![row]!, data.offsets![row + 1]!)
    this.#offsets.push(this.#items.length)
  }

  pushRange(data: ColumnData, start: number, end: number): void {
    const offsets = data.offsets!
    const shift = this.#items.length - offsets[start]!
    this.#items.pushRange(data.children[0]!, offsets[start]!, offsets[end]!)
    for (let row = start; row < end; row++) this.#offsets.push(offsets[row + 1]! + shift)
  }

  pushEncoded(bytes: Uint8Array, at: number): number {
    const end = this.#items.pushEncodedItems(bytes, at + 4, sizeAt(bytes, at))
    this.#offsets.push(this.#items.length)
    return end
  }

  take(): Buffers {
    return { ...noBuffers, offsets: this.#offsets.take(), children: [this.#items.take()] }
  }

  view(): Buffers {
    return { ...noBuffers, offsets: this.#offsets.view(), children: [this.#items.view()] }
  }

  clear(): void {
    this.#offsets.clear()
    this.#items.clear()
  }
}

/** What stands, unseen, in a field below a null struct: the field itself may not be nullable. */
const filler = (type: ColumnType): Cell => {
  if (type.nullable) return null
  switch (type.kind) {
    case "string":
      return ""
    case "bool":
      return false
    case "bigint":
      return 0n
    case "binary":
      return new Uint8Array(0)
    case "list":
      return []
    case "struct":
      return Object.fromEntries(type.fields.map((field) => [field.name, filler(field.type)]))
    default:
      return 0
  }
}

/** Structs: one column a field. */
class StructValues implements Values {
  readonly #type: ColumnType & { readonly kind: "struct" }
  readonly #fields: ReadonlyArray<ColumnBuilder>

  constructor(type: ColumnType & { readonly kind: "struct" }) {
    this.#type = type
    this.#fields = type.fields.map((field) => new ColumnBuilder(field.type))
  }

  get byteLength(): number {
    return this.#fields.reduce((sum, field) => sum + field.byteLength, 0)
  }

  push(cell: Cell): Refusal | undefined {
    if (typeof cell !== "object" || cell === null || Array.isArray(cell) || cell instanceof Uint8Array) {
      return { type: this.#type, cell }
    }
    const fields = this.#type.fields
    for (let k = 0; k < fields.length; k++) {
      const refusal = this.#fields[k]!.offer((cell as Readonly<Record<string, Cell>>)[fields[k]!.name])
      if (refusal !== undefined) return refusal
    }
    return undefined
  }

  pushNull(): void {
    for (const field of this.#fields) field.offer(filler(field.type))
  }

  pushFrom(data: ColumnData, row: number): void {
    for (let k = 0; k < this.#fields.length; k++) this.#fields[k]!.pushFrom(data.children[k]!, row)
  }

  pushRange(data: ColumnData, start: number, end: number): void {
    for (let k = 0; k < this.#fields.length; k++) this.#fields[k]!.pushRange(data.children[k]!, start, end)
  }

  pushEncoded(bytes: Uint8Array, at: number): number {
    for (const field of this.#fields) at = field.pushEncoded(bytes, at)
    return at
  }

  take(): Buffers {
    return { ...noBuffers, children: this.#fields.map((field) => field.take()) }
  }

  view(): Buffers {
    return { ...noBuffers, children: this.#fields.map((field) => field.view()) }
  }

  clear(): void {
    for (const field of this.#fields) field.clear()
  }
}

const valuesOf = (type: ColumnType): Values => {
  switch (type.kind) {
    case "string":
    case "binary":
      return new TextValues(type)
    case "bool":
      return new BitValues(type)
    case "list":
      return new ListValues(type)
    case "struct":
      return new StructValues(type)
    default:
      return new NumberValues(type as ColumnType & { readonly kind: NumberKind })
  }
}

const firstValidity = 64

/**
 * A column under construction. Lone surrogates become U+FFFD, -0 becomes 0: digests are taken of what is stored.
 *
 * **Fails**: a value that does not fit throws {@link CellRefused}, whose `row` counts from the last `take`. A builder of
 * lists or structs that has thrown may hold a part of the value and can only be dropped.
 */
export class ColumnBuilder {
  readonly type: ColumnType
  readonly #values: Values
  /** The same, of a column of texts. */
  readonly #text: TextValues | undefined
  readonly #nullable: boolean
  /** Least-significant-bit first, absent as long as nothing is null. */
  #validity: Uint8Array | undefined
  #length = 0

  constructor(type: ColumnType) {
    this.type = type
    this.#nullable = type.nullable
    this.#values = valuesOf(type)
    this.#text = type.kind === "string" ? this.#values as TextValues : undefined
  }

  get length(): number {
    return this.#length
  }

  /** Bytes of the buffers so far without the validity: equal columns have equal sizes, however they were pushed. */
  get byteLength(): number {
    return this.#values.byteLength
  }

  /** {@link pushCell}, for columns that hold this one: says what was refused instead of throwing. */
  offer(cell: Cell | undefined): Refusal | undefined {
    if (cell === null && this.#nullable) {
      this.#pushNull()
      return undefined
    }
    if (cell === null || cell === undefined) return { type: this.type, cell }
    const refusal = this.#values.push(cell)
    if (refusal === undefined) this.#pushed()
    return refusal
  }

  pushCell(cell: Cell): void {
    const refusal = this.offer(cell)
    if (refusal !== undefined) throw new CellRefused(refusal.type, this.#length, refusal.cell, refusal.why)
  }

  /** A text that lies elsewhere as UTF-8, which nothing checks. The column must be one of texts. */
  pushText(bytes: Uint8Array, start: number, end: number): void {
    const text = this.#text
    if (text === undefined) throw new TypeError(`a text for a column of ${this.type.kind}`)
    const refusal = text.pushBytes(bytes, start, end)
    if (refusal !== undefined) throw new CellRefused(refusal.type, this.#length, refusal.cell, refusal.why)
    this.#pushed()
  }

  #pushed(count = 1): void {
    this.#length += count
    if (this.#validity !== undefined) this.#growValidity()
  }

  #growValidity(): void {
    const bits = this.#validity
    if (bits !== undefined && this.#length < bits.length * 8) return
    const grown = new Uint8Array(Math.max(firstValidity, (this.#length >> 3) * 2 + 1)).fill(255)
    if (bits !== undefined) grown.set(bits)
    this.#validity = grown
  }

  #pushNull(): void {
    if (this.#validity === undefined) this.#growValidity()
    this.#validity![this.#length >> 3]! &= ~(1 << (this.#length & 7))
    this.#values.pushNull()
    this.#pushed()
  }

  /** Copies one value of a column of the same kind. */
  pushFrom(data: ColumnData, row: number): void {
    if (data.validity !== undefined && !isValid(data, row)) {
      if (!this.#nullable) throw new CellRefused(this.type, this.#length, null)
      this.#pushNull()
    } else {
      this.#values.pushFrom(data, row)
      this.#pushed()
    }
  }

  /** Copies the values of the rows from `start` up to `end` of a column of the same kind. */
  pushRange(data: ColumnData, start: number, end: number): void {
    if (allValid(data, start, end)) {
      this.#values.pushRange(data, start, end)
      this.#pushed(end - start)
    } else {
      for (let row = start; row < end; row++) this.pushFrom(data, row)
    }
  }

  /**
   * One cell as `RowCodec` wrote it; returns the offset after it. Bytes that end too early give an offset beyond their
   * end and leave a builder that can only be dropped.
   */
  pushEncoded(bytes: Uint8Array, at: number): number {
    if (bytes[at] === 0) {
      if (!this.#nullable) throw new CellRefused(this.type, this.#length, null)
      this.#pushNull()
      return at + 1
    }
    const end = this.#values.pushEncoded(bytes, at + 1)
    this.#pushed()
    return end
  }

  /** The items of one list as `RowCodec` wrote them after their count. */
  pushEncodedItems(bytes: Uint8Array, at: number, count: number): number {
    if (this.#values instanceof NumberValues) {
      const whole = bytes[at++] === 1
      if (whole) {
        const end = this.#values.pushRaw(bytes, at, count)
        this.#pushed(count)
        return end
      }
    }
    for (let k = 0; k < count && at < bytes.length; k++) at = this.pushEncoded(bytes, at)
    return at
  }

  /** The buffers so far, handed over; the builder is empty afterwards. */
  take(): ColumnData {
    const taken = { ...this.#shape(), ...this.#values.take() }
    this.#validity = undefined
    this.#length = 0
    return taken
  }

  /** The buffers so far: good until {@link clear}. */
  view(): ColumnData {
    return { ...this.#shape(), ...this.#values.view() }
  }

  /** Forgets the values and keeps their memory for the next ones. */
  clear(): void {
    this.#values.clear()
    this.#validity = undefined
    this.#length = 0
  }

  #shape(): Pick<ColumnData, "type" | "length" | "validity"> {
    return { type: this.type, length: this.#length, validity: this.#validity?.subarray(0, this.#length + 7 >> 3) }
  }
}

/** The buffers of `cells`. **Fails**: throws {@link CellRefused}, whose `row` counts within `cells`. */
export const encodeColumn = (type: ColumnType, cells: ReadonlyArray<Cell>): ColumnData => {
  const builder = new ColumnBuilder(type)
  for (let i = 0; i < cells.length; i++) builder.pushCell(cells[i]!)
  return builder.take()
}

/** Some rows of a column, in the order of `rows`. */
export const takeRows = (data: ColumnData, rows: ReadonlyArray<number>): ColumnData => {
  const builder = new ColumnBuilder(data.type)
  for (const row of rows) builder.pushFrom(data, row)
  return builder.take()
}
