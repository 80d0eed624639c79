/**
 * Writes a table chunk by chunk, in the memory of one chunk: rows go into builders, full chunks into the blob store,
 * and the manifest comes out at the end. Chunks end where the cells say, however rows were pushed: equal tables have
 * equal chunks.
 */
import type { Blobs } from "./Blobs.ts"
import { CellRefused } from "./CellRefused.ts"
import { ColumnBuilder } from "./ColumnBuilder.ts"
import type { ColumnData } from "./ColumnData.ts"
import { ColumnDigest } from "./columnDigest.ts"
import type { Cell, TableSchema } from "./Columns.ts"
import { tableContent, type TableManifest } from "./Manifest.ts"
import { TableRefused } from "./StoreFailed.ts"
import { chunkBytes, type ChunkEncoder, chunkEncoder, chunkRows } from "./TableBlob.ts"

/**
 * A table under construction. After anything here has thrown it can only be dropped; what it has written by then are
 * blobs that nothing names.
 */
export class TableWriter {
  readonly schema: TableSchema
  /** One a column: push one value to each, then {@link endRow}. */
  readonly builders: ReadonlyArray<ColumnBuilder>
  /** Called with the columns of every chunk before it is written; their memory is used again afterwards. */
  onChunk: (columns: ReadonlyArray<ColumnData>) => void = () => undefined
  readonly #blobs: Blobs
  readonly #encode: ChunkEncoder
  readonly #digests: ReadonlyArray<ColumnDigest>
  readonly #chunks: Array<TableManifest["chunks"][number]> = []
  /** Rows of the chunk that is being filled, and of those before it. */
  #filled = 0
  #flushed = 0

  /** Loads Arrow, so that writing rows waits for nothing. */
  static async open(blobs: Blobs, schema: TableSchema): Promise<TableWriter> {
    return new TableWriter(blobs, schema, await chunkEncoder(schema))
  }

  private constructor(blobs: Blobs, schema: TableSchema, encode: ChunkEncoder) {
    this.schema = schema
    this.builders = schema.map((column) => new ColumnBuilder(column.type))
    this.#blobs = blobs
    this.#encode = encode
    this.#digests = schema.map((column) => new ColumnDigest(column.type))
  }

  /** Rows so far. */
  get rows(): number {
    return this.#flushed + this.#filled
  }

  get #bytes(): number {
    let bytes = 0
    for (const builder of this.builders) bytes += builder.byteLength
    return bytes
  }

  /** Ends a row of which every builder has the value; writes the chunk when it is full. */
  endRow(): void {
    this.#filled++
    if (this.#filled === chunkRows || this.#bytes > chunkBytes) this.#flush()
  }

  /** One row. Shape: cells in the order of the schema. **Fails**: throws `TableRefused` naming column and row. */
  pushRow(cells: ReadonlyArray<Cell>): void {
    for (let k = 0; k < this.builders.length; k++) this.pushCell(k, cells[k]!)
    this.endRow()
  }

  /** Rows by column. Shape: `columns[k]` has `rows` cells. **Fails**: as {@link pushRow}. */
  pushColumns(columns: ReadonlyArray<ReadonlyArray<Cell>>, rows: number): void {
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < this.builders.length; k++) this.pushCell(k, columns[k]![row]!)
      this.endRow()
    }
  }

  /** One value of a row; {@link endRow} follows once every column has one. **Fails**: as {@link pushRow}. */
  pushCell(column: number, cell: Cell): void {
    try {
      this.builders[column]!.pushCell(cell)
    } catch (error) {
      throw this.#refused(column, error)
    }
  }

  /** {@link pushCell} of a text that is the UTF-8 in `bytes[start, end)`, for a column of texts. */
  pushText(column: number, bytes: Uint8Array, start: number, end: number): void {
    try {
      this.builders[column]!.pushText(bytes, start, end)
    } catch (error) {
      throw this.#refused(column, error)
    }
  }

  #refused(column: number, error: unknown): unknown {
    if (!(error instanceof CellRefused)) return error
    return new TableRefused({
      column: this.schema[column]!.name,
      found: `row ${this.#flushed + error.row}: ${error.found}`
    })
  }

  /**
   * The rows from `start` up to `end` of columns of the same types, copied as bytes. **Fails**: throws `TableRefused` on
   * a null where the schema has none.
   */
  pushData(columns: ReadonlyArray<ColumnData>, start: number, end: number): void {
    for (let row = start; row < end;) {
      row += this.#pushWhole(columns, row, Math.min(end, row + chunkRows - this.#filled))
    }
  }

  /** Pushes as many of these rows as the chunk takes, all at once where that cannot end it early. */
  #pushWhole(columns: ReadonlyArray<ColumnData>, start: number, end: number): number {
    const light = this.#bytes + columns.reduce((sum, data) => sum + bytesOf(data, start, end), 0) <= chunkBytes
    const last = light ? end : start + 1
    for (let k = 0; k < this.builders.length; k++) {
      try {
        this.builders[k]!.pushRange(columns[k]!, start, last)
      } catch (error) {
        throw this.#refused(k, error)
      }
    }
    this.#filled += last - start - 1
    this.endRow()
    return last - start
  }

  #flush(): void {
    const rows = this.#filled
    const columns = this.builders.map((builder) => builder.view())
    const uneven = columns.findIndex((data) => data.length !== rows)
    if (uneven >= 0) {
      throw new Error(`column ${this.schema[uneven]!.name} has ${columns[uneven]!.length} values for ${rows} rows`)
    }
    this.onChunk(columns)
    columns.forEach((data, k) => this.#digests[k]!.add(data))
    const pieces = this.#encode(columns, rows)
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    this.#chunks.push({ blob: this.#blobs.putPieces(pieces), rows, bytes })
    for (const builder of this.builders) builder.clear()
    this.#flushed += rows
    this.#filled = 0
  }

  /** Writes what is left; the table's manifest. Call once. */
  async finish(): Promise<TableManifest> {
    if (this.#filled > 0) this.#flush()
    const named = this.schema.map((column, k) => [column.name, this.#digests[k]!.finish()] as const)
    return {
      kind: "table",
      schema: this.schema,
      rows: this.rows,
      chunks: this.#chunks,
      columns: Object.fromEntries(named),
      content: tableContent(this.rows, named)
    }
  }
}

/** At least the bytes that a builder grows by when it takes these rows. */
const bytesOf = (data: ColumnData, start: number, end: number): number => {
  const rows = end - start
  switch (data.type.kind) {
    case "string":
    case "binary":
      return rows * 4 + data.offsets![end]! - data.offsets![start]!
    case "list":
      return rows * 4 + bytesOf(data.children[0]!, data.offsets![start]!, data.offsets![end]!)
    case "struct":
      return data.children.reduce((sum, child) => sum + bytesOf(child, start, end), 0)
    default:
      return rows * 8
  }
}
