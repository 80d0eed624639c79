/**
 * The logical digest of a column: a hash over its values, not over its bytes on disk, so that chunking, compression and
 * the writer of a file never reach a key. Buffers are hashed where they lie, a run of values at a time: of every part of
 * the type the places of nulls, the sizes of what varies, and the bytes of all values one behind the other. The three
 * together say what the values are, so no two different columns of one type have one digest.
 */
import { createHash, type Hash } from "node:crypto"
import { ByteWriter } from "./ByteWriter.ts"
import { type ColumnData, isValid } from "./ColumnData.ts"
import type { ColumnType } from "./Columns.ts"
import { type Digest, digest } from "./Digest.ts"
import { rawBytes, widthOf } from "./numberValues.ts"

/** Small writes are gathered up to here, since a call of the hash for each would cost more than hashing. Unit: bytes. */
const gatheredBytes = 1 << 16

/** What is this long is hashed where it lies. Unit: bytes. */
const longPiece = 1 << 13

/** Bytes on their way into a hash, of which nothing is made before the first. */
class Hashed {
  #hash: Hash | undefined
  #out: ByteWriter | undefined

  bytes(source: Uint8Array, start: number, end: number): void {
    if (end - start < longPiece) return this.#gather((out) => out.copy(source, start, end))
    this.#flush()
    this.#hash!.update(source.subarray(start, end))
  }

  /** A whole number of up to 53 bits. */
  count(value: number): void {
    this.#gather((out) => out.float64(value))
  }

  /** The sizes of the values from `start` up to `end`, 32 bits each, from their offsets. */
  sizes(offsets: Int32Array, start: number, end: number): void {
    this.#gather((out) => {
      for (let i = start; i < end; i++) out.size(offsets[i + 1]! - offsets[i]!)
    })
  }

  /** One byte a value, from bits. */
  bits(source: Uint8Array, start: number, end: number): void {
    this.#gather((out) => {
      for (let i = start; i < end; i++) out.byte(source[i >> 3]! >> (i & 7) & 1)
    })
  }

  #gather(write: (out: ByteWriter) => void): void {
    const out = this.#out ??= new ByteWriter(gatheredBytes * 2)
    write(out)
    if (out.length > gatheredBytes) this.#flush()
  }

  #flush(): void {
    this.#hash ??= createHash("sha256")
    if (this.#out === undefined || this.#out.length === 0) return
    this.#hash.update(this.#out.view())
    this.#out.clear()
  }

  /** Ends it; `""` where nothing was hashed. */
  finish(): string {
    if (this.#out === undefined && this.#hash === undefined) return ""
    this.#flush()
    return this.#hash!.digest("hex")
  }
}

/** The values of one part of a type: of a column, of the items of a list, of a field. */
class PartDigest {
  readonly #type: ColumnType
  readonly #nulls = new Hashed()
  readonly #sizes = new Hashed()
  readonly #bytes = new Hashed()
  readonly #children: ReadonlyArray<PartDigest>
  #values = 0

  constructor(type: ColumnType) {
    this.#type = type
    const children = type.kind === "list" ? [type.item] : type.kind === "struct" ? type.fields.map((f) => f.type) : []
    this.#children = children.map((child) => new PartDigest(child))
  }

  /** The values from `start` up to `end`. */
  add(data: ColumnData, start: number, end: number): void {
    for (let from = start; from < end;) {
      let to = data.validity === undefined ? end : from
      while (to < end && isValid(data, to)) to++
      if (to > from) this.#addRun(data, from, to)
      this.#values += to - from
      if (to < end) this.#nulls.count(this.#values++)
      from = to + 1
    }
  }

  /** Values of which none is null. */
  #addRun(data: ColumnData, start: number, end: number): void {
    switch (this.#type.kind) {
      case "string":
      case "binary": {
        const offsets = data.offsets!
        this.#sizes.sizes(offsets, start, end)
        return this.#bytes.bytes(data.bytes!, offsets[start]!, offsets[end]!)
      }
      case "bool":
        return this.#bytes.bits(data.values as Uint8Array, start, end)
      case "list": {
        const offsets = data.offsets!
        this.#sizes.sizes(offsets, start, end)
        return this.#children[0]!.add(data.children[0]!, offsets[start]!, offsets[end]!)
      }
      case "struct":
        return this.#children.forEach((child, k) => child.add(data.children[k]!, start, end))
      default: {
        const width = widthOf(this.#type)!
        return this.#bytes.bytes(rawBytes(data.values!), start * width, end * width)
      }
    }
  }

  /** Ends it; call once. Canonical, with everything that says where one value ends and the next begins. */
  finish(): unknown {
    return {
      values: this.#values,
      nulls: this.#nulls.finish(),
      sizes: this.#sizes.finish(),
      bytes: this.#bytes.finish(),
      children: this.#children.map((child) => child.finish())
    }
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
  readonly #shape: unknown
  readonly #column: PartDigest

  constructor(type: ColumnType) {
    this.#shape = shape(type)
    this.#column = new PartDigest(type)
  }

  add(data: ColumnData): void {
    this.#column.add(data, 0, data.length)
  }

  /** Ends the column; call once. */
  finish(): Digest {
    return digest("column", [this.#shape, this.#column.finish()])
  }
}
