/**
 * Every pre-image of every key, in one place. A reader who wants to know what makes a node or a row run again reads
 * this file: a node's key, the function key its rows share, a row's key, and the seeds. `runtime/Why.ts` compares parts.
 *
 * Changing anything here invalidates every cache: bump `keyEpoch` when it must be.
 */
import { hash } from "node:crypto"
import type { Cell } from "../cache/Columns.ts"
import { canonicalJson, digest } from "../cache/Digest.ts"

/** Stands for the engine itself (`runtime/`, `cache/`, effect), which no code digest covers. */
export const keyEpoch = 1

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

/** The seed of one row: depends on the run's seed and the row's key, never on its neighbours or its place. */
export const rowSeed = (seed: number, rowKey: string): number => seedFrom(hash("sha256", `rowSeed\0${seed}\0${rowKey}`))

/** 52 bits: a safe integer whatever is added to it by a server. */
const seedFrom = (hex: string): number => Number.parseInt(hex.slice(0, 13), 16)

/**
 * Row keys of one row function: SHA-256 over the function key, then each read cell in column-name order with a type tag
 * and a length before it, then the digest of what `given` picked. Injective: no two different rows share a pre-image.
 */
export class RowKeys {
  readonly #function: Buffer
  #buffer = Buffer.allocUnsafe(1 << 16)
  #length = 0

  constructor(rowFunction: string) {
    this.#function = Buffer.from(rowFunction, "hex")
  }

  /** The key of one row; `cells` in the order of the sorted column names. */
  of(cells: ReadonlyArray<Cell>, given: string | undefined): string {
    this.#length = 0
    this.#bytes(this.#function)
    for (const cell of cells) this.#cell(cell)
    if (given !== undefined) this.#text(103, given) // g
    return hash("sha256", this.#buffer.subarray(0, this.#length))
  }

  #reserve(bytes: number) {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }

  #bytes(bytes: Uint8Array) {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #text(tag: number, text: string) {
    this.#reserve(5 + text.length * 3)
    const written = this.#buffer.write(text, this.#length + 5, "utf8")
    this.#buffer[this.#length] = tag
    this.#buffer.writeUInt32LE(written, this.#length + 1)
    this.#length += 5 + written
  }

  #cell(cell: Cell) {
    if (typeof cell === "string") return this.#text(115, cell) // s
    this.#reserve(9)
    if (typeof cell === "number") {
      this.#buffer[this.#length] = 110 // n
      this.#buffer.writeDoubleLE(cell === 0 ? 0 : cell, this.#length + 1)
      this.#length += 9
      return
    }
    if (cell === null || typeof cell === "boolean") {
      this.#buffer[this.#length++] = cell === null ? 48 : cell ? 49 : 50 // 0, 1, 2
      return
    }
    if (typeof cell === "bigint") return this.#text(105, cell.toString()) // i
    if (cell instanceof Uint8Array) {
      this.#buffer[this.#length] = 98 // b
      this.#buffer.writeUInt32LE(cell.length, this.#length + 1)
      this.#length += 5
      return this.#bytes(cell)
    }
    this.#text(106, canonicalJson(cell)) // j
  }
}
