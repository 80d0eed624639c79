/**
 * DuckDB's result vectors as column buffers, without a JS value for each cell. Vectors whose type is not laid out as the
 * column's is (a SMALLINT for a column of numbers) go through cells.
 */
import type * as Duck from "@duckdb/node-api"
import type { Vector } from "@duckdb/node-bindings"
import { CellRefused } from "../CellRefused.ts"
import { ColumnBuilder, encodeColumn } from "../ColumnBuilder.ts"
import { type ColumnData, isValid } from "../ColumnData.ts"
import type { Cell, ColumnType, TableSchema } from "../Columns.ts"
import { noBuffers } from "../flatValues.ts"
import { canonicalFloat, isSafeInt64 } from "../numberValues.ts"
import { TableRefused } from "../StoreFailed.ts"
import type { Connected, DuckModule } from "./connect.ts"
import { checkTypes, toCell } from "./result.ts"
import { type Bindings, readText } from "./text.ts"

/** True when vectors of `from` hold what columns of `to` hold. */
const sameLayout = (duck: DuckModule, from: Duck.DuckDBType, to: ColumnType): boolean => {
  const id = duck.DuckDBTypeId
  switch (to.kind) {
    case "string":
      return from.typeId === id.VARCHAR
    case "binary":
      return from.typeId === id.BLOB
    case "bool":
      return from.typeId === id.BOOLEAN
    case "int32":
      return from.typeId === id.INTEGER
    case "int64":
    case "bigint":
      return from.typeId === id.BIGINT
    case "float64":
      return from.typeId === id.DOUBLE
    case "list":
      return from.typeId === id.LIST && sameLayout(duck, (from as Duck.DuckDBListType).valueType, to.item)
    case "struct": {
      if (from.typeId !== id.STRUCT) return false
      const { entryNames, entryTypes } = from as Duck.DuckDBStructType
      return entryNames.length === to.fields.length &&
        to.fields.every(({ name, type }, k) => entryNames[k] === name && sameLayout(duck, entryTypes[k]!, type))
    }
  }
}

/** Validity bits as columns have them: absent when nothing is null, ones beyond the end. */
const readValidity = (bindings: Bindings, vector: Vector, rows: number): Uint8Array | undefined => {
  const words: Uint8Array | null = bindings.vector_get_validity(vector, (rows + 63 >> 6) * 8)
  if (words === null) return undefined
  const bits = new Uint8Array(words.subarray(0, rows + 7 >> 3))
  if ((rows & 7) !== 0) bits[bits.length - 1]! |= 255 << (rows & 7)
  return bits.every((byte) => byte === 255) ? undefined : bits
}

/** A copy with the alignment that typed arrays want. */
const copied = (bindings: Bindings, vector: Vector, bytes: number): ArrayBuffer =>
  new Uint8Array(bindings.vector_get_data(vector, bytes)).buffer

const readFlags = (bindings: Bindings, vector: Vector, rows: number): Uint8Array => {
  const flags = bindings.vector_get_data(vector, rows)
  const bits = new Uint8Array(rows + 7 >> 3)
  for (let i = 0; i < rows; i++) if (flags[i] === 1) bits[i >> 3]! |= 1 << (i & 7)
  return bits
}

/** A list's items lie anywhere in the child vector: they are put in the order of the lists. */
const readLists = (
  bindings: Bindings,
  vector: Vector,
  type: ColumnType & { readonly kind: "list" },
  validity: Uint8Array | undefined,
  rows: number
) => {
  const entries = new Uint32Array(copied(bindings, vector, rows * 16))
  const all = readVector(
    bindings,
    bindings.list_vector_get_child(vector),
    type.item,
    bindings.list_vector_get_size(vector)
  )
  const items = new ColumnBuilder({ ...type.item, nullable: true })
  const offsets = new Int32Array(rows + 1)
  for (let i = 0; i < rows; i++) {
    const valid = validity === undefined || (validity[i >> 3]! >> (i & 7) & 1) === 1
    const start = entries[i * 4]!
    if (valid) items.pushRange(all, start, start + entries[i * 4 + 2]!)
    offsets[i + 1] = items.length
  }
  return { offsets, children: [items.take()] }
}

/** The first `rows` rows of a vector that has the layout of `type`, apart from safe integers and one form of NaN. */
const readVector = (bindings: Bindings, vector: Vector, type: ColumnType, rows: number): ColumnData => {
  const validity = readValidity(bindings, vector, rows)
  const common = { ...noBuffers, type, length: rows, validity }
  switch (type.kind) {
    case "string":
    case "binary":
      return { ...common, ...readText(bindings, vector, validity, rows) }
    case "bool":
      return { ...common, values: readFlags(bindings, vector, rows) }
    case "int32":
      return { ...common, values: new Int32Array(copied(bindings, vector, rows * 4)) }
    case "int64":
      return { ...common, values: new BigInt64Array(copied(bindings, vector, rows * 8)) }
    case "bigint":
      return { ...common, values: new BigInt64Array(copied(bindings, vector, rows * 8)) }
    case "float64":
      return { ...common, values: new Float64Array(copied(bindings, vector, rows * 8)).map(canonicalFloat) }
    case "list":
      return { ...common, ...readLists(bindings, vector, type, validity, rows) }
    case "struct": {
      const children = type.fields.map((field, k) =>
        readVector(bindings, bindings.struct_vector_get_child(vector, k), field.type, rows)
      )
      return { ...common, children }
    }
  }
}

/** True when every number of a column that JS sees as numbers is one. */
const allSafe = (data: ColumnData): boolean => {
  if (data.type.kind !== "int64") return data.children.every(allSafe)
  const words = new Int32Array(data.values!.buffer, data.values!.byteOffset, data.length * 2)
  for (let i = 0; i < data.length; i++) {
    if (!isSafeInt64(words[i * 2 + 1]!, words[i * 2]!) && isValid(data, i)) return false
  }
  return true
}

/** A cell as `type` stores it: DuckDB's integers come as numbers wherever these are exact. */
const fitted = (type: ColumnType, cell: Cell): Cell => {
  if (cell === null) return null
  if (type.kind === "bigint") return typeof cell === "number" ? BigInt(cell) : cell
  if (type.kind === "list" && Array.isArray(cell)) return cell.map((item) => fitted(type.item, item))
  if (type.kind === "struct" && typeof cell === "object" && !Array.isArray(cell) && !(cell instanceof Uint8Array)) {
    const fields = cell as Readonly<Record<string, Cell>>
    return Object.fromEntries(type.fields.map((field) => [field.name, fitted(field.type, fields[field.name]!)]))
  }
  return cell
}

/** One column of a result chunk as `to`. **Fails**: throws `CellRefused`, whose row counts within the chunk. */
const readColumn = (
  bindings: Bindings,
  duck: DuckModule,
  chunk: Duck.DuckDBDataChunk,
  column: number,
  from: Duck.DuckDBType,
  to: ColumnType
): ColumnData => {
  if (sameLayout(duck, from, to)) {
    const data = readVector(bindings, bindings.data_chunk_get_vector(chunk.chunk, column), to, chunk.rowCount)
    if (allSafe(data)) return data
  }
  return encodeColumn(to, chunk.getColumnValues(column).map((value) => fitted(to, toCell(duck, value))))
}

/** A result, chunk by chunk. */
export interface ResultReader {
  /** The next chunk; undefined at the end. */
  readonly next: () => Promise<Duck.DuckDBDataChunk | undefined>
  /**
   * The columns of a chunk whose first row is row `first` of the table. **Fails**: throws `TableRefused` naming column
   * and row where a value does not fit.
   */
  readonly columns: (chunk: Duck.DuckDBDataChunk, first: number) => ReadonlyArray<ColumnData>
}

/**
 * Reads a running result as columns of `schema`; `places` says where each stands in the result. **Fails**: throws
 * `SqlRefused` for types that no table can hold.
 */
export const resultReader = async (
  { duck }: Connected,
  sql: string,
  result: Duck.DuckDBResult,
  { places, schema }: { readonly places: ReadonlyArray<number>; readonly schema: TableSchema }
): Promise<ResultReader> => {
  const { default: bindings } = await import("@duckdb/node-bindings")
  const types = result.columnTypes()
  checkTypes(duck, sql, result.columnNames(), types)
  return {
    next: async () => {
      const chunk = await result.fetchChunk()
      return chunk === null || chunk.rowCount === 0 ? undefined : chunk
    },
    columns: (chunk, first) =>
      schema.map((column, k) => {
        try {
          return readColumn(bindings, duck, chunk, places[k]!, types[places[k]!]!, column.type)
        } catch (error) {
          if (!(error instanceof CellRefused)) throw error
          throw new TableRefused({ column: column.name, found: `row ${first + error.row}: ${error.found}` })
        }
      })
  }
}
