/**
 * The keys of all rows of a stored table and what the row log has for them: what a plan counts and a run works from. The
 * table is read chunk by chunk, and only the columns that enter keys.
 */
import * as Effect from "effect/Effect"
import { KeyTable } from "../../cache/log/KeyTable.ts"
import type { TableManifest } from "../../cache/Manifest.ts"
import { ReadMemory } from "../../cache/ReadMemory.ts"
import { type ReadChunkOptions, Store } from "../../cache/Store.ts"
import { keyBytes } from "../Key.ts"
import type { Chunk, RowFunction } from "./RowFunction.ts"

/** Reads some columns of a chunk of a stored table. */
export const readChunk = Effect.fnUntraced(
  function*(manifest: TableManifest, index: number, names: ReadonlyArray<string>, options?: ReadChunkOptions) {
    const store = yield* Store
    const { columns, rows } = yield* store.readChunk(manifest, index, names, options)
    return { rows, columns: new Map(names.map((name, at) => [name, columns[at]!])) } satisfies Chunk
  }
)

/** The keys of a table by chunk, with what a plan and a run need to know about them. */
export interface Keyed {
  readonly keys: ReadonlyArray<Uint8Array>
  /** What the log has for each row, by chunk: an entry, or -1. */
  readonly entries: ReadonlyArray<Int32Array>
  /** Rows without a result, by chunk; one for each key. */
  readonly missing: ReadonlyArray<ReadonlyArray<number>>
  /** Rows of different keys. */
  readonly distinct: number
}

/** Entries of a row log that some row of a table has. */
class Visited {
  #seen = new Uint8Array(1024)

  /** Returns whether the entry is new. */
  add(entry: number): boolean {
    if (entry >= this.#seen.length) {
      const grown = new Uint8Array(Math.max(entry + 1, this.#seen.length * 2))
      grown.set(this.#seen)
      this.#seen = grown
    }
    if (this.#seen[entry] === 1) return false
    this.#seen[entry] = 1
    return true
  }
}

/** Looks keys up, chunk by chunk. A loop of its own: between the pauses of a generator it is compiled again and again. */
class Lookup {
  readonly #find: (keys: Uint8Array, row: number) => number
  readonly #visited = new Visited()
  /** Keys that the log does not have. */
  readonly #without = new KeyTable(keyBytes, 64)
  #found = 0

  constructor(find: (keys: Uint8Array, row: number) => number) {
    this.#find = find
  }

  /** Different keys so far. */
  get distinct(): number {
    return this.#found + this.#without.size
  }

  /** What the log has for each row of a chunk, and the first row of each new key that it does not have. */
  look(keys: Uint8Array, rows: number): { readonly entries: Int32Array; readonly missing: ReadonlyArray<number> } {
    const entries = new Int32Array(rows)
    const missing: Array<number> = []
    for (let row = 0; row < rows; row++) {
      const entry = this.#find(keys, row)
      entries[row] = entry
      if (entry < 0) {
        const before = this.#without.size
        this.#without.add(keys, row * keyBytes)
        if (this.#without.size > before) missing.push(row)
      } else if (this.#visited.add(entry)) {
        this.#found++
      }
    }
    return { entries, missing }
  }
}

/** Keys all rows of a table and looks them up with `find`. */
export const keyTable = Effect.fnUntraced(function*(
  rowFunction: RowFunction,
  manifest: TableManifest,
  find: (keys: Uint8Array, row: number) => number
) {
  const lookup = new Lookup(find)
  const keys: Array<Uint8Array> = []
  const entries: Array<Int32Array> = []
  const missing: Array<ReadonlyArray<number>> = []
  const memory = new ReadMemory()
  for (const index of manifest.chunks.keys()) {
    const chunk = yield* readChunk(manifest, index, rowFunction.read, { memory })
    const own = rowFunction.keysOf(chunk)
    const found = lookup.look(own, chunk.rows)
    keys.push(own)
    entries.push(found.entries)
    missing.push(found.missing)
  }
  return { keys, entries, missing, distinct: lookup.distinct } satisfies Keyed
})
