/**
 * Tables as chunks of at most 8,192 rows in the blob store, with the digests of their columns. Chunks are written one
 * after the other, so that a large table needs the memory of its cells and of one chunk.
 */
import type { Blobs } from "./Blobs.ts"
import { CellRefused, type ColumnData, decodeColumn, encodeColumn } from "./ColumnData.ts"
import { ColumnDigest } from "./columnDigest.ts"
import type { Cell, Column, TableSchema } from "./Columns.ts"
import { tableContent, type TableManifest } from "./Manifest.ts"
import { TableRefused } from "./StoreFailed.ts"
import { ChunkRefused, chunkRows, decodeChunk, encodeChunk } from "./TableBlob.ts"

/** The cells of a table, column by column. */
export type Columns = Readonly<Record<string, ReadonlyArray<Cell>>>

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

/**
 * Chunks end earlier than at 8,192 rows when their cells are this heavy: buffers have 32-bit offsets, and a chunk is
 * held in memory.
 */
const chunkWeight = 1 << 25

/** About the bytes of a cell. */
const weigh = (cell: Cell): number => {
  if (typeof cell === "string" || cell instanceof Uint8Array) return cell.length
  if (typeof cell !== "object" || cell === null) return 8
  if (!Array.isArray(cell)) return Object.values(cell).reduce((sum: number, field) => sum + weigh(field), 0)
  const items = cell as ReadonlyArray<Cell>
  return typeof items[0] === "number" ? items.length * 8 : items.reduce((sum: number, item) => sum + weigh(item), 0)
}

/**
 * Where the chunk that begins at row `first` ends: given by the cells alone, so that equal tables have equal chunks.
 */
const chunkEnd = (schema: TableSchema, columns: Columns, rows: number, first: number): number => {
  const last = Math.min(first + chunkRows, rows)
  let weight = 0
  for (let row = first; row < last; row++) {
    for (const { name } of schema) weight += weigh(columns[name]![row]!)
    if (weight > chunkWeight) return row + 1
  }
  return last
}

export class Tables {
  readonly #blobs: Blobs

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
    const digests = schema.map((column) => new ColumnDigest(column.type))
    const chunks: Array<TableManifest["chunks"][number]> = []
    for (let first = 0, end = 0; first < rows; first = end) {
      end = chunkEnd(schema, columns, rows, first)
      const count = end - first
      const encoded = schema.map((column) => encodeNamed(column, columns[column.name]!.slice(first, end), first))
      encoded.forEach((data, i) => digests[i]!.add(data))
      const bytes = await encodeChunk(schema, encoded, count)
      chunks.push({ blob: this.#blobs.put(bytes), rows: count, bytes: bytes.length })
    }
    const named = schema.map((column, i) => [column.name, digests[i]!.finish()] as const)
    return {
      kind: "table",
      schema,
      rows,
      chunks,
      columns: Object.fromEntries(named),
      content: tableContent(rows, named)
    }
  }

  /** **Fails**: rejects with `BlobMissing`, `BlobDamaged`, or `TableRefused` for a column the table does not have. */
  async readChunk(manifest: TableManifest, chunk: number, names: ReadonlyArray<string>): Promise<EncodedChunk> {
    const entry = manifest.chunks[chunk]
    if (entry === undefined) {
      throw new TableRefused({ column: "*", found: `chunk ${chunk} of ${manifest.chunks.length} does not exist` })
    }
    for (const name of names) {
      if (!manifest.schema.some((column) => column.name === name)) {
        throw new TableRefused({ column: name, found: "is not in the table" })
      }
    }
    const bytes = this.#blobs.read(entry.blob)
    try {
      return { rows: entry.rows, columns: await decodeChunk(bytes, manifest.schema, entry.rows, names) }
    } catch (error) {
      if (error instanceof ChunkRefused) throw this.#blobs.damaged(entry.blob, error.message)
      throw error
    }
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
