/**
 * What a row node computes, apart from any rows: which columns it reads, what a row is given of the side inputs, how its
 * key is made, how its result lies in the row log. Made once a vertex; plan, run and `why` share it.
 */
import { cellReader, type ColumnData } from "../../cache/ColumnData.ts"
import { type Cell, type TableSchema, tableSchema } from "../../cache/Columns.ts"
import { digest } from "../../cache/Digest.ts"
import { RowCodec } from "../../cache/RowCodec.ts"
import { type RowReader, rowReader, rowWriter } from "../Cells.ts"
import type { AnyTable, RowsDefinition } from "../Definition.ts"
import type { Vertex } from "../Graph.ts"
import { keyBytes, type KeyParts, rowFunctionKey, RowKeys, rowSeed, rowSeedKey } from "../Key.ts"
import * as Type from "../Type.ts"
import type * as Usage from "../Usage.ts"

/** Some rows of a table, or of one that is being made: buffers by column. */
export interface Chunk {
  readonly rows: number
  readonly columns: ReadonlyMap<string, ColumnData>
}

/** A chunk with the keys of its rows, 32 bytes each. */
export interface KeyedChunk extends Chunk {
  readonly keys: Uint8Array
}

/** What stands in a row log after the cells: nothing where the row used nothing. */
const usageColumn = {
  name: "$usage",
  type: {
    kind: "struct",
    nullable: true,
    fields: ["tokens", "usd", "seconds"].map((name) => ({ name, type: { kind: "float64", nullable: false } as const }))
  }
} as const

/** Stands for artifacts inside what `given` returns: their content is in the key, their path is not. */
const withoutPaths = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPaths)
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  if ("content" in value && "path" in value && "kind" in value) return { artifact: value.content }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutPaths(inner)]))
}

/** Only these columns of a table, so that a row body sees what is in its key and no more. */
const narrowed = (table: AnyTable, columns: ReadonlyArray<string>): AnyTable =>
  Type.table(table.name, Object.fromEntries(columns.map((name) => [name, table.columns[name]!])), { id: [] })

const without = (table: AnyTable, carry: ReadonlyArray<string>): ReadonlyArray<string> =>
  Object.keys(table.columns).filter((name) => !carry.includes(name))

/** The hex form of one key of a chunk. */
export const hexKey = (keys: Uint8Array, row: number): string =>
  Buffer.from(keys.buffer, keys.byteOffset + row * keyBytes, keyBytes).toString("hex")

export class RowFunction {
  readonly definition: RowsDefinition
  /** The function's part of every row key. */
  readonly key: string
  /** Columns that keys and bodies see, in the order of their names. */
  readonly read: ReadonlyArray<string>
  /** Columns a chunk must have to run and name its rows. */
  readonly needed: ReadonlyArray<string>
  /** Output columns that come from the row log, in the order they lie there. */
  readonly logged: ReadonlyArray<string>
  readonly codec: RowCodec
  readonly #vertex: Vertex
  readonly #side: { readonly [port: string]: unknown }
  readonly #seen: AnyTable
  readonly #keys: RowKeys
  /** Of a seeded node: what the seeds of its rows come from, in the form of row keys. */
  readonly #seeds: RowKeys | undefined
  readonly #seedKeys = new WeakMap<Chunk, Uint8Array>()
  readonly #write: (row: unknown) => Array<Cell>
  readonly #givenDigests = new WeakMap<object, string>() // `given` often returns the same object for many rows

  /** `side` holds tables as arrays of rows, artifacts as folders, values as they are. */
  constructor(vertex: Vertex, parts: KeyParts, side: { readonly [port: string]: unknown }) {
    const definition = vertex.definition as RowsDefinition
    this.#vertex = vertex
    this.#side = side
    this.definition = definition
    this.key = rowFunctionKey(parts)
    this.read = [...without(definition.input, definition.carry)].sort()
    this.needed = [...new Set([...this.read, ...definition.carry, ...definition.input.id])]
    this.logged = without(definition.output, definition.carry)
    const written = narrowed(definition.output, this.logged)
    this.codec = new RowCodec([...tableSchema(written.columns), usageColumn] as TableSchema)
    this.#write = rowWriter(written)
    this.#seen = narrowed(definition.input, this.read)
    this.#keys = new RowKeys(this.key)
    this.#seeds = definition.seeded ? new RowKeys(rowSeedKey(parts)) : undefined
  }

  /** Decodes the rows of a chunk as bodies see them. */
  reader(chunk: Chunk): RowReader {
    return rowReader(this.#seen, this.read.map((name) => chunk.columns.get(name)!))
  }

  keysOf(chunk: Chunk): Uint8Array {
    return this.#keysBy(this.#keys, chunk)
  }

  #keysBy(keys: RowKeys, chunk: Chunk): Uint8Array {
    const columns = this.read.map((name) => chunk.columns.get(name)!)
    if (this.definition.given === undefined) return keys.of(columns, chunk.rows, undefined)
    const reader = this.reader(chunk)
    return keys.of(columns, chunk.rows, (row) => this.#digestOf(this.given(reader(row))))
  }

  /** The seed of a row of a seeded node. */
  #seedOf(seeds: RowKeys, chunk: Chunk, row: number): number {
    const keys = this.#seedKeys.get(chunk) ?? this.#keysBy(seeds, chunk)
    this.#seedKeys.set(chunk, keys)
    return rowSeed(hexKey(keys, row))
  }

  /** What a row gets of the side inputs. */
  given(row: unknown): unknown {
    return this.definition.given?.(row, this.#side, this.#vertex.params)
  }

  /** What the body returns for row number `index` of a chunk, which reads as `row`: a value or a generator. */
  run(row: unknown, chunk: Chunk, index: number): unknown {
    const seeds = this.#seeds
    return this.definition.run(row, {
      params: this.#vertex.params,
      given: this.given(row),
      ...(seeds === undefined ? {} : { seed: this.#seedOf(seeds, chunk, index) })
    })
  }

  /** A result and its cost as they lie in the row log; a view that the next call overwrites. Throws where a cell does not fit its column. */
  encode(result: unknown, usage: Usage.Usage): Uint8Array {
    const cells = this.#write(result)
    const used = usage.tokens !== 0 || usage.usd !== 0 || usage.seconds !== 0
    cells.push(used ? { tokens: usage.tokens, usd: usage.usd, seconds: usage.seconds } : null)
    return this.codec.encode(cells)
  }

  /** The name of a row in messages, `why` and `trace`: its id cells. */
  nameOf(chunk: Chunk, row: number): string {
    return this.definition.input.id.map((column) => String(cellReader(chunk.columns.get(column)!)(row))).join("/")
  }

  #digestOf(value: unknown): string {
    if (typeof value !== "object" || value === null) return digest("given", value)
    const known = this.#givenDigests.get(value)
    if (known !== undefined) return known
    const made = digest("given", withoutPaths(value))
    this.#givenDigests.set(value, made)
    return made
  }
}
