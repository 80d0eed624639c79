/**
 * Our tables as DuckDB's: the types, the `create table`, and the bulk path that copies column buffers into DuckDB's
 * vectors without making a value of each cell.
 */
import type * as Duck from "@duckdb/node-api"
import type { Vector } from "@duckdb/node-bindings"
import { type ColumnData, isValid } from "../ColumnData.ts"
import type { ColumnType, TableSchema } from "../Columns.ts"
import { type Connected, type DuckModule, quoteName } from "./connect.ts"
import { type Bindings, copyText } from "./text.ts"

/** The SQL type that holds a column type. */
export const sqlType = (type: ColumnType): string => {
  switch (type.kind) {
    case "string":
      return "VARCHAR"
    case "bool":
      return "BOOLEAN"
    case "int32":
      return "INTEGER"
    case "int64":
    case "bigint":
      return "BIGINT"
    case "float64":
      return "DOUBLE"
    case "binary":
      return "BLOB"
    case "list":
      return `${sqlType(type.item)}[]`
    case "struct":
      return `STRUCT(${type.fields.map((field) => `${quoteName(field.name)} ${sqlType(field.type)}`).join(", ")})`
  }
}

/**
 * What a table has when a statement reads no column of it, only its number of rows: DuckDB has no table without
 * columns.
 */
const placeholder = { name: "no column of this table is read", type: { kind: "bool", nullable: true } } as const

/** The columns that DuckDB sees. */
export const columnsOrPlaceholder = (schema: TableSchema): TableSchema => schema.length === 0 ? [placeholder] : schema

/** Makes an empty temporary table. */
export const createTable = async (
  connection: Duck.DuckDBConnection,
  name: string,
  schema: TableSchema
): Promise<void> => {
  const columns = columnsOrPlaceholder(schema).map(({ name, type }) => `${quoteName(name)} ${sqlType(type)}`)
  await connection.run(`create temporary table ${quoteName(name)} (${columns.join(", ")})`)
}

/** Rows of one of DuckDB's vectors. */
export const vectorRows = 2048

/** DuckDB's own word for {@link sqlType}. */
export const duckType = (duck: DuckModule, type: ColumnType): Duck.DuckDBType => {
  switch (type.kind) {
    case "string":
      return duck.VARCHAR
    case "bool":
      return duck.BOOLEAN
    case "int32":
      return duck.INTEGER
    case "int64":
    case "bigint":
      return duck.BIGINT
    case "float64":
      return duck.DOUBLE
    case "binary":
      return duck.BLOB
    case "list":
      return duck.LIST(duckType(duck, type.item))
    case "struct":
      return duck.STRUCT(Object.fromEntries(type.fields.map((field) => [field.name, duckType(duck, field.type)])))
  }
}

const copyValidity = (bindings: Bindings, vector: Vector, data: ColumnData, first: number, count: number): void => {
  if (data.validity === undefined) return
  // DuckDB reads validity in words of 64 bits, a set bit for a value.
  const bits = new Uint8Array((count + 63 >> 6) * 8).fill(255)
  for (let i = 0; i < count; i++) if (!isValid(data, first + i)) bits[i >> 3]! &= ~(1 << (i & 7))
  bindings.vector_ensure_validity_writable(vector)
  bindings.copy_data_to_vector_validity(vector, 0, bits.buffer, 0, bits.byteLength)
}

const copyLists = (bindings: Bindings, vector: Vector, data: ColumnData, first: number, count: number): void => {
  const offsets = data.offsets!
  const start = offsets[first]!
  const items = offsets[first + count]! - start
  const entries = new BigUint64Array(count * 2)
  for (let i = 0; i < count; i++) {
    entries[i * 2] = BigInt(offsets[first + i]! - start)
    entries[i * 2 + 1] = BigInt(offsets[first + i + 1]! - offsets[first + i]!)
  }
  bindings.list_vector_reserve(vector, items)
  bindings.list_vector_set_size(vector, items)
  copyColumn(bindings, bindings.list_vector_get_child(vector), data.children[0]!, start, items)
  bindings.copy_data_to_vector(vector, 0, entries.buffer, 0, entries.byteLength)
}

/** DuckDB wants the fields of a null struct to be null; in Arrow something unseen may stand there. */
const belowNulls = (parent: ColumnData, child: ColumnData): ColumnData => {
  if (parent.validity === undefined || child.validity === undefined) {
    return { ...child, validity: parent.validity ?? child.validity }
  }
  return { ...child, validity: parent.validity.map((bits, i) => bits & child.validity![i]!) }
}

/** Copies `count` rows of a column from row `first` into a vector. */
export const copyColumn = (
  bindings: Bindings,
  vector: Vector,
  data: ColumnData,
  first: number,
  count: number
): void => {
  copyValidity(bindings, vector, data, first, count)
  const { kind } = data.type
  switch (kind) {
    case "string":
    case "binary":
      return copyText(bindings, vector, data, first, count)
    case "list":
      return copyLists(bindings, vector, data, first, count)
    case "struct":
      return data.children.forEach((child, k) =>
        copyColumn(bindings, bindings.struct_vector_get_child(vector, k), belowNulls(data, child), first, count)
      )
    case "bool": {
      const bits = data.values as Uint8Array
      const flags = Uint8Array.from({ length: count }, (_, i) => bits[first + i >> 3]! >> (first + i & 7) & 1)
      return bindings.copy_data_to_vector(vector, 0, flags.buffer, 0, count)
    }
    default: {
      const values = data.values!
      const width = kind === "int32" ? 4 : 8
      const buffer = values.buffer as ArrayBuffer
      return bindings.copy_data_to_vector(vector, 0, buffer, values.byteOffset + first * width, count * width)
    }
  }
}

/** Appends rows to a table made by {@link createTable}, in the order of its columns. */
export const appendRows = async (
  { connection, duck }: Connected,
  name: string,
  columns: ReadonlyArray<ColumnData>,
  rows: number
): Promise<void> => {
  const { default: bindings } = await import("@duckdb/node-bindings")
  const types = columns.map((data) => duckType(duck, data.type))
  const appender = await connection.createAppender(name, "main", "temp")
  for (let first = 0; first < rows; first += vectorRows) {
    const count = Math.min(vectorRows, rows - first)
    const chunk = duck.DuckDBDataChunk.create(types.length === 0 ? [duck.BOOLEAN] : types, count)
    if (types.length === 0) chunk.setColumns([Array.from({ length: count }, () => null)])
    columns.forEach((data, i) =>
      copyColumn(bindings, bindings.data_chunk_get_vector(chunk.chunk, i), data, first, count)
    )
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
}
