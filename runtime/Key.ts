/**
 * Every pre-image of every key, in one place. A reader who wants to know what makes a node or a row run again reads
 * this file: a node's key, the function key its rows share, a row's key, and the seeds. `runtime/Why.ts` compares parts.
 *
 * Changing anything here invalidates every cache: bump `keyEpoch` when it must be.
 */
import { hash } from "node:crypto"
import { type ColumnData, isValid } from "../cache/ColumnData.ts"
import { digest } from "../cache/Digest.ts"

/** Stands for the engine itself (`runtime/`, `cache/`, effect), which no code digest covers. */
export const keyEpoch = 3

/** What one input contributes: the digests of the columns its consumer reads and the row count, or the whole content. */
export type InputPart =
  | { readonly rows: number; readonly columns: { readonly [column: string]: string } }
  | { readonly content: string }

/** Everything that enters a node's key; stored with its action, compared by `why`. */
export interface KeyParts {
  readonly kind: "make" | "rows" | "sql" | "source"
  readonly name: string
  readonly version: number
  /** Code digest of the definition; for SQL the statement itself, which says more than the code that built it. */
  readonly code: string
  readonly params: unknown
  readonly seed: number | null
  readonly output: unknown
  readonly carry: ReadonlyArray<string>
  /** Service id to fingerprint. */
  readonly uses: { readonly [service: string]: string }
  readonly inputs: { readonly [port: string]: InputPart }
}

/** The key of a node's result. */
export const nodeKey = (parts: KeyParts): string => digest("node", { epoch: keyEpoch, ...parts })

/**
 * What all rows of a row node share: its key without inputs. Ids and columns copied around the key are left out, so a
 * renamed id reruns nothing; so is the node's name in the graph.
 */
export const rowFunctionKey = (parts: KeyParts): string => {
  const { carry: _, inputs: __, ...shared } = parts
  return digest("rowFunction", { epoch: keyEpoch, ...shared })
}

/** The seed a node's body receives: the run's, told apart by the node's name so that two nodes never share a stream. */
export const nodeSeed = (seed: number, name: string): number => seedFrom(digest("nodeSeed", { seed, name }))

/**
 * What the seeds of a node's rows share: the run's seed, the node's name and parameters. Code is left out, so that a row
 * that is redone because code changed draws the same numbers, and what differs is what the code changed.
 */
export const rowSeedKey = ({ name, params, seed }: Pick<KeyParts, "name" | "params" | "seed">): string =>
  digest("rowSeed", { name, params, seed })

/** The seed of one row, from a key made of {@link rowSeedKey} and the row: never of its neighbours or its place. */
export const rowSeed = (key: string): number => seedFrom(key)

/** 52 bits: a safe integer whatever is added to it by a server. */
const seedFrom = (hex: string): number => Number.parseInt(hex.slice(0, 13), 16)

/** Bytes of a key. */
export const keyBytes = 32

/** Views of pre-images shorter than this are kept. Unit: bytes. */
const keptBeginnings = 1 << 12

/** What stands before a cell in a row's pre-image. */
const Tag = {
  null: 48,
  true: 49,
  false: 50,
  number: 110,
  bigint: 105,
  text: 115,
  binary: 98,
  list: 108,
  struct: 123,
  given: 103
} as const

/**
 * Row keys of one row function: SHA-256 over the function key, then each read cell with a type tag and, where its form
 * does not end itself, its size before it, then the digest of what `given` picked. Injective: no two different rows share
 * a pre-image. Cells are taken from the columns' buffers as they are stored; whole numbers count by value, so a column
 * that becomes wider keeps its keys.
 */
export class RowKeys {
  #buffer: Buffer = Buffer.allocUnsafe(1 << 16)
  #length = keyBytes
  /** The beginnings of the buffer, by their length: a view for each row would cost a third of what hashing it does. */
  #beginnings: Array<Buffer | undefined> = []

  constructor(rowFunction: string) {
    this.#buffer.write(rowFunction, 0, "hex")
  }

  /**
   * Keys of all rows of a chunk, 32 bytes each. `columns` in the order of their names; `given` yields the digest of what
   * a row is given, and is absent where the node has no `given`.
   */
  of(columns: ReadonlyArray<ColumnData>, rows: number, given: ((row: number) => string) | undefined): Uint8Array {
    const keys = Buffer.allocUnsafe(rows * keyBytes)
    const writers = columns.map((column) => this.#cellWriter(column))
    for (let row = 0; row < rows; row++) {
      this.#length = keyBytes
      for (const write of writers) write(row)
      if (given !== undefined) this.#digest(given(row))
      keys.write(hash("sha256", this.#beginning, "binary"), row * keyBytes, "latin1")
    }
    return keys
  }

  get #beginning(): Buffer {
    const length = this.#length
    if (length >= keptBeginnings) return this.#buffer.subarray(0, length)
    return this.#beginnings[length] ??= this.#buffer.subarray(0, length)
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    this.#beginnings = []
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }

  #tag(tag: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = tag
  }

  #size(tag: number, size: number): void {
    this.#reserve(5)
    this.#buffer[this.#length] = tag
    this.#length = this.#buffer.writeUInt32LE(size, this.#length + 1)
  }

  #bytes(tag: number, source: Uint8Array, start: number, end: number): void {
    this.#size(tag, end - start)
    this.#reserve(end - start)
    const at = this.#length
    // a plain loop beats `set` on a fresh view for the short values that most cells are
    if (end - start < 32) {
      for (let i = start; i < end; i++) this.#buffer[at + i - start] = source[i]!
    } else this.#buffer.set(source.subarray(start, end), at)
    this.#length += end - start
  }

  #number(value: number): void {
    this.#reserve(9)
    this.#buffer[this.#length] = Tag.number
    this.#length = this.#buffer.writeDoubleLE(value === 0 ? 0 : value, this.#length + 1)
  }

  #digest(hex: string): void {
    this.#tag(Tag.given)
    this.#reserve(keyBytes)
    this.#length += this.#buffer.write(hex, this.#length, "hex")
  }

  #cellWriter(data: ColumnData): (row: number) => void {
    const write = this.#valueWriter(data)
    return data.validity === undefined ? write : (row) => isValid(data, row) ? write(row) : this.#tag(Tag.null)
  }

  #valueWriter(data: ColumnData): (row: number) => void {
    const { bytes, children, offsets, type, values } = data
    switch (type.kind) {
      case "string":
      case "binary": {
        const tag = type.kind === "string" ? Tag.text : Tag.binary
        return (row) => this.#bytes(tag, bytes!, offsets![row]!, offsets![row + 1]!)
      }
      case "bool":
        return (row) => this.#tag(((values as Uint8Array)[row >> 3]! >> (row & 7) & 1) === 1 ? Tag.true : Tag.false)
      case "bigint":
        return (row) => {
          this.#reserve(9)
          this.#buffer[this.#length] = Tag.bigint
          this.#length = this.#buffer.writeBigInt64LE((values as BigInt64Array)[row]!, this.#length + 1)
        }
      case "list": {
        const item = this.#cellWriter(children[0]!)
        return (row) => {
          this.#size(Tag.list, offsets![row + 1]! - offsets![row]!)
          for (let i = offsets![row]!; i < offsets![row + 1]!; i++) item(i)
        }
      }
      case "struct": {
        const fields = type.fields.map(({ name }, index) => ({ name, write: this.#cellWriter(children[index]!) }))
          .sort((a, b) => a.name < b.name ? -1 : 1)
        return (row) => {
          this.#size(Tag.struct, fields.length)
          for (const { name, write } of fields) {
            const text = Buffer.from(name)
            this.#bytes(Tag.text, text, 0, text.length)
            write(row)
          }
        }
      }
      default:
        return (row) => this.#number(Number((values as Int32Array | BigInt64Array | Float64Array)[row]!))
    }
  }
}
