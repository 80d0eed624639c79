/**
 * The logical digest of a column: a hash over its values, not over its bytes on disk, so that chunking, compression and
 * the writer of a file never reach a key. Each value is hashed in the form that `RowCodec.ts` describes, so that no two
 * different columns of one type give the same bytes.
 */
import { createHash } from "node:crypto"
import type { Hash } from "node:crypto"
import { ByteWriter } from "./ByteWriter.ts"
import { allValid, type ColumnData, isValid } from "./ColumnData.ts"
import type { ColumnType } from "./Columns.ts"
import { canonicalJson, type Digest } from "./Digest.ts"
import { rawBytes, widthOf } from "./numberValues.ts"

/** Small writes are gathered up to here, since one call of the hash for each value would cost more than hashing. */
const gatheredBytes = 1 << 16

/** What is this long is hashed where it lies. */
const longPiece = 1 << 15

/** Where values are hashed. */
class Sink {
  readonly #hash: Hash
  readonly out = new ByteWriter(gatheredBytes * 2)

  constructor(hash: Hash) {
    this.#hash = hash
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    if (end - start < longPiece) return this.out.copy(source, start, end)
    this.flush()
    this.#hash.update(source.subarray(start, end))
  }

  /** Called after each value. */
  settle(): void {
    if (this.out.length > gatheredBytes) this.flush()
  }

  flush(): void {
    if (this.out.length > 0) this.#hash.update(this.out.view())
    this.out.clear()
  }
}

/**
 * Lists of numbers are long (token ids, log probabilities): without nulls their bytes are one piece, marked 1; else
 * item by item, marked 0.
 */
const listWriter = (data: ColumnData, sink: Sink): (i: number) => void => {
  const offsets = data.offsets!
  const child = data.children[0]!
  const item = cellWriter(child, sink)
  const width = widthOf(child.type)
  const raw = width === undefined ? undefined : rawBytes(child.values!)
  return (i) => {
    const start = offsets[i]!
    const end = offsets[i + 1]!
    sink.out.size(end - start)
    if (raw !== undefined && width !== undefined) {
      const whole = allValid(child, start, end)
      sink.out.byte(whole ? 1 : 0)
      if (whole) return sink.bytes(raw, start * width, end * width)
    }
    for (let k = start; k < end; k++) {
      item(k)
      sink.settle()
    }
  }
}

/** One value: 0 for null, or 1 and then a form whose end is known from the type (sizes stand before what varies). */
const valueWriter = (data: ColumnData, sink: Sink): (i: number) => void => {
  const { bytes, children, offsets, type, values } = data
  switch (type.kind) {
    case "string":
    case "binary":
      return (i) => {
        sink.out.size(offsets![i + 1]! - offsets![i]!)
        sink.bytes(bytes!, offsets![i]!, offsets![i + 1]!)
      }
    case "bool":
      return (i) => sink.out.byte((values as Uint8Array)[i >> 3]! >> (i & 7) & 1)
    case "list":
      return listWriter(data, sink)
    case "struct": {
      const fields = children.map((child) => cellWriter(child, sink))
      return (i) => {
        for (const field of fields) field(i)
      }
    }
    default: {
      const width = widthOf(type)!
      const raw = rawBytes(data.values!)
      return (i) => sink.bytes(raw, i * width, (i + 1) * width)
    }
  }
}

const cellWriter = (data: ColumnData, sink: Sink): (i: number) => void => {
  const write = valueWriter(data, sink)
  return (i) => {
    const valid = isValid(data, i)
    sink.out.byte(valid ? 1 : 0)
    if (valid) write(i)
  }
}

/**
 * Whether a value may be null changes no value: a column that becomes nullable keeps its digest as long as nothing in
 * it is null.
 */
const shape = (type: ColumnType): unknown => {
  if (type.kind === "list") return { kind: type.kind, item: shape(type.item) }
  if (type.kind === "struct") {
    return { kind: type.kind, fields: type.fields.map((field) => [field.name, shape(field.type)]) }
  }
  return type.kind
}

/** The logical digest of one column, taken chunk by chunk. */
export class ColumnDigest {
  readonly #hash: Hash
  readonly #sink: Sink
  #rows = 0
  constructor(type: ColumnType) {
    this.#hash = createHash("sha256").update(`column\0${canonicalJson(shape(type))}\0`)
    this.#sink = new Sink(this.#hash)
  }
  add(data: ColumnData): void {
    const write = cellWriter(data, this.#sink)
    for (let i = 0; i < data.length; i++) {
      write(i)
      this.#sink.settle()
    }
    this.#rows += data.length
  }
  /** Ends the column; call once. */
  finish(): Digest {
    this.#sink.flush()
    return this.#hash.update(`\0rows ${this.#rows}`).digest("hex")
  }
}
