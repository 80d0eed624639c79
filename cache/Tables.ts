/**
 * Tables in the blob store: written by `TableWriter.ts`, read chunk by chunk, as buffers or as cells.
 */
import type { Blobs } from "./Blobs.ts"
import { CellRefused } from "./CellRefused.ts"
import { encodeColumn, takeRows } from "./ColumnBuilder.ts"
import { type ColumnData, decodeColumn } from "./ColumnData.ts"
import { type ByteRange, columnOf, type ColumnParts, partsOf, rowsOf } from "./ChunkParts.ts"
import type { Cell, Column, TableSchema } from "./Columns.ts"
import type { Digest } from "./Digest.ts"
import type { TableManifest } from "./Manifest.ts"
import type { ReadMemory } from "./ReadMemory.ts"
import { TableRefused } from "./StoreFailed.ts"
import { ChunkRefused, decodeChunk, loadArrow } from "./TableBlob.ts"
import { TableWriter } from "./TableWriter.ts"

/** The cells of a table, column by column. */
export type Columns = Readonly<Record<string, ReadonlyArray<Cell>>>

export interface ReadChunkOptions {
  /** These rows, in this order, instead of all. */
  readonly rows?: ReadonlyArray<number>
  /** Where to read to: the chunk is gone when its owner reads another one into it. */
  readonly memory?: ReadMemory
}

/** The buffers of some columns of one chunk, in the order asked for. */
export interface EncodedChunk {
  readonly rows: number
  readonly columns: ReadonlyArray<ColumnData>
}

/** **Fails**: throws `TableRefused` when a column is missing or has another length. */
export const checkShape = (schema: TableSchema, columns: Columns, rows: number): void => {
  for (const { name } of schema) {
    const found = columns[name]?.length
    if (found !== rows) {
      throw new TableRefused({ column: name, found: `has ${found ?? "no"} cells, the table has ${rows} rows` })
    }
  }
}

/**
 * The buffers of cells that begin at row `first` of their table. **Fails**: throws `TableRefused` naming column and
 * row.
 */
export const encodeNamed = (column: Column, cells: ReadonlyArray<Cell>, first: number): ColumnData => {
  try {
    return encodeColumn(column.type, cells)
  } catch (error) {
    if (!(error instanceof CellRefused)) throw error
    throw new TableRefused({ column: column.name, found: `row ${first + error.row}: ${error.found}` })
  }
}

/** Chunks whose parts are remembered, at most. */
const chunksNoted = 4096

export class Tables {
  readonly #blobs: Blobs
  /** Where the columns of chunks lie that were read whole. */
  readonly #parts = new Map<Digest, ReadonlyMap<string, ColumnParts>>()

  constructor(blobs: Blobs) {
    this.#blobs = blobs
  }

  /** **Fails**: rejects with `TableRefused` on missing columns, other lengths, or cells of another type. */
  async put(schema: TableSchema, columns: Columns, rows: number): Promise<TableManifest> {
    checkShape(schema, columns, rows)
    for (const name of Object.keys(columns)) {
      if (!schema.some((column) => column.name === name)) {
        throw new TableRefused({ column: name, found: "is not in the table's schema" })
      }
    }
    const writer = await this.writer(schema)
    writer.pushColumns(schema.map((column) => columns[column.name]!), rows)
    return writer.finish()
  }

  /** A table to be written row by row. */
  writer(schema: TableSchema): Promise<TableWriter> {
    return TableWriter.open(this.#blobs, schema)
  }

  /**
   * Some columns of a chunk. **Fails**: rejects with `BlobMissing`,
   * `BlobDamaged`, or `TableRefused` for a column the table does not have.
   */
  async readChunk(
    manifest: TableManifest,
    chunk: number,
    names: ReadonlyArray<string>,
    options?: ReadChunkOptions
  ): Promise<EncodedChunk> {
    await loadArrow()
    return this.readChunkNow(manifest, chunk, names, options)
  }

  /** {@link readChunk} once `isArrowLoaded`. */
  readChunkNow(
    manifest: TableManifest,
    chunk: number,
    names: ReadonlyArray<string>,
    { memory, rows }: ReadChunkOptions = {}
  ): EncodedChunk {
    const entry = manifest.chunks[chunk]
    if (entry === undefined) {
      throw new TableRefused({ column: "*", found: `chunk ${chunk} of ${manifest.chunks.length} does not exist` })
    }
    for (const name of names) {
      if (!manifest.schema.some((column) => column.name === name)) {
        throw new TableRefused({ column: name, found: "is not in the table" })
      }
    }
    const wanted = rows?.length ?? entry.rows
    const known = this.#parts.get(entry.blob)
    const parts = known === undefined ? undefined : names.map((name) => known.get(name)!)
    memory?.clear()
    const columns = parts === undefined ? undefined : this.#readParts(entry.blob, parts, rows, memory)
    if (columns !== undefined) return { rows: wanted, columns }
    const bytes = this.#blobs.read(entry.blob, memory)
    try {
      const all = decodeChunk(bytes, manifest.schema, entry.rows, manifest.schema.map(({ name }) => name))
      const byName = new Map(manifest.schema.map(({ name }, at) => [name, all[at]!]))
      this.#note(entry.blob, byName, bytes)
      const found = names.map((name) => byName.get(name)!)
      return { rows: wanted, columns: rows === undefined ? found : found.map((data) => takeRows(data, rows)) }
    } catch (error) {
      if (error instanceof ChunkRefused) throw this.#blobs.damaged(entry.blob, error.message)
      throw error
    }
  }

  /** Columns of a chunk that was read before, or some of their rows, by the bytes they need. */
  #readParts(
    blob: Digest,
    parts: ReadonlyArray<ColumnParts>,
    rows: ReadonlyArray<number> | undefined,
    memory: ReadMemory | undefined
  ): ReadonlyArray<ColumnData> | undefined {
    return this.#blobs.readParts(blob, (read) => {
      const range = ({ length, offset }: ByteRange) => {
        const bytes = memory?.take(length) ?? new Uint8Array(length)
        read(offset, bytes)
        return bytes
      }
      return parts.map((part) => rows === undefined ? columnOf(part, range) : rowsOf(part, rows, range))
    })
  }

  #note(blob: Digest, columns: ReadonlyMap<string, ColumnData>, bytes: Uint8Array): void {
    if (columns.size < 2) return
    const parts = new Map<string, ColumnParts>()
    for (const [name, data] of columns) {
      const found = partsOf(data, bytes)
      if (found === undefined) return
      parts.set(name, found)
    }
    if (this.#parts.size >= chunksNoted) this.#parts.clear()
    this.#parts.set(blob, parts)
  }

  /** The cells of one chunk. */
  async readChunkCells(manifest: TableManifest, chunk: number, names?: ReadonlyArray<string>): Promise<Columns> {
    const wanted = names ?? manifest.schema.map((column) => column.name)
    const { columns } = await this.readChunk(manifest, chunk, wanted)
    return Object.fromEntries(wanted.map((name, i) => [name, decodeColumn(columns[i]!)]))
  }

  /** The cells of a whole table. */
  async read(manifest: TableManifest, names?: ReadonlyArray<string>): Promise<Columns> {
    const wanted = names ?? manifest.schema.map((column) => column.name)
    const cells = wanted.map((): Array<Cell> => [])
    for (const chunk of manifest.chunks.keys()) {
      const { columns } = await this.readChunk(manifest, chunk, wanted)
      columns.forEach((data, i) => decodeColumn(data, cells[i]))
    }
    return Object.fromEntries(wanted.map((name, i) => [name, cells[i]!]))
  }
}
