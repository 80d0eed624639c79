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

/** Keys all rows of a table and looks them up with `find`. */
export const keyTable = Effect.fnUntraced(function*(
  rowFunction: RowFunction,
  manifest: TableManifest,
  find: (keys: Uint8Array, row: number) => number
) {
  const visited = new Visited()
  const without = new KeyTable(keyBytes, 64) // keys that the log does not have
  const keyed = { keys: [] as Array<Uint8Array>, entries: [] as Array<Int32Array>, missing: [] as Array<Array<number>> }
  const memory = new ReadMemory()
  let distinct = 0
  for (const index of manifest.chunks.keys()) {
    const chunk = yield* readChunk(manifest, index, rowFunction.read, { memory })
    const keys = rowFunction.keysOf(chunk)
    const entries = new Int32Array(chunk.rows)
    const missing: Array<number> = []
    for (let row = 0; row < chunk.rows; row++) {
      const entry = entries[row] = find(keys, row)
      if (entry >= 0) {
        if (visited.add(entry)) distinct++
        continue
      }
      const before = without.size
      without.add(keys, row * keyBytes)
      if (without.size > before) missing.push(row)
    }
    keyed.keys.push(keys)
    keyed.entries.push(entries)
    keyed.missing.push(missing)
  }
  return { ...keyed, distinct: distinct + without.size } satisfies Keyed
})
