/**
 * The column type for a type of DuckDB's as it is printed, for results that go out as Arrow. Types that have no cell of
 * their own came as text (`cache/duck/result.ts`) and stay text.
 */
import type { Cell, ColumnType, TableSchema } from "../../cache/Columns.ts"

const flat: { readonly [type: string]: "bool" | "int32" | "bigint" | "float64" | "binary" } = {
  BOOLEAN: "bool",
  TINYINT: "int32",
  SMALLINT: "int32",
  INTEGER: "int32",
  UTINYINT: "int32",
  USMALLINT: "int32",
  UINTEGER: "bigint",
  BIGINT: "bigint",
  UBIGINT: "bigint",
  HUGEINT: "bigint",
  UHUGEINT: "bigint",
  FLOAT: "float64",
  DOUBLE: "float64",
  BLOB: "binary"
}

/** A field of a printed struct: its name in quotes, then its type up to a comma that is in no quotes or brackets. */
const fieldsOf = (inner: string): TableSchema => {
  const fields: Array<TableSchema[number]> = []
  let name: string | undefined
  let start = 0
  let depth = 0
  const end = (at: number) => {
    if (name !== undefined) fields.push({ name, type: columnTypeOf(inner.slice(start, at).trim()) })
    name = undefined
  }
  for (const { 0: token, index } of inner.matchAll(/"(?:""|[^"])*"|'(?:''|[^'])*'|[(),]/gu)) {
    if (token === "(") depth++
    else if (token === ")") depth--
    else if (depth > 0) continue
    else if (token === ",") end(index)
    else if (name === undefined && token.startsWith("\"")) {
      name = token.slice(1, -1).replaceAll("\"\"", "\"")
      start = index + token.length
    }
  }
  end(inner.length)
  return fields
}

/** The type that holds cells of the printed `type`. Everything may be null. */
export const columnTypeOf = (type: string): ColumnType => {
  if (type.endsWith("[]")) return { kind: "list", nullable: true, item: columnTypeOf(type.slice(0, -2)) }
  if (type.startsWith("STRUCT(") && type.endsWith(")")) {
    return { kind: "struct", nullable: true, fields: fieldsOf(type.slice("STRUCT(".length, -1)) }
  }
  return { kind: flat[type] ?? (/^DECIMAL\(.*\)$/u.test(type) ? "float64" : "string"), nullable: true }
}

/** A cell as `type` stores it: wide integers are bigints whatever their size, decimals within lists are numbers. */
export const fitCell = (type: ColumnType, cell: Cell): Cell => {
  if (cell === null) return null
  switch (type.kind) {
    case "bigint":
      return typeof cell === "number" || typeof cell === "string" ? BigInt(cell) : cell
    case "float64":
      return Number(cell)
    case "list":
      return (cell as ReadonlyArray<Cell>).map((item) => fitCell(type.item, item))
    case "struct": {
      const fields = cell as { readonly [name: string]: Cell }
      return Object.fromEntries(type.fields.map((field) => [field.name, fitCell(field.type, fields[field.name]!)]))
    }
    default:
      return cell
  }
}
