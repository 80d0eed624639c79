/**
 * Which Effect Schemas a table column may have, as plain JSON-able column types. The encoded side of a Schema decides;
 * how cells become Arrow buffers and back is in `ColumnData.ts`.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

/** An encoded value in a table: what a Schema's encoded side may hold. */
export type Cell =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ReadonlyArray<Cell>
  | { readonly [key: string]: Cell }

/** Column types without children. `int64` is a JS number that is a safe integer; `bigint` is a JS bigint of 64 bits. */
export type FlatKind = "string" | "bool" | "int32" | "int64" | "bigint" | "float64" | "binary"

/** The type of a column: plain JSON, so that it can stand in a manifest and in a key. */
export type ColumnType =
  | { readonly kind: FlatKind; readonly nullable: boolean }
  | { readonly kind: "list"; readonly nullable: boolean; readonly item: ColumnType }
  | { readonly kind: "struct"; readonly nullable: boolean; readonly fields: TableSchema }

/** A named column. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** The columns of a table, in order. */
export type TableSchema = ReadonlyArray<Column>

/** The Effect Schema of {@link ColumnType}, for manifests. */
export const ColumnType: Schema.Codec<ColumnType> = Schema.suspend(() =>
  Schema.Union([
    Schema.Struct({
      kind: Schema.Literals(["string", "bool", "int32", "int64", "bigint", "float64", "binary"]),
      nullable: Schema.Boolean
    }),
    Schema.Struct({ kind: Schema.Literal("list"), nullable: Schema.Boolean, item: ColumnType }),
    Schema.Struct({ kind: Schema.Literal("struct"), nullable: Schema.Boolean, fields: TableSchema })
  ])
)

/** The Effect Schema of {@link TableSchema}, for manifests. */
export const TableSchema: Schema.Codec<TableSchema> = Schema.Array(
  Schema.Struct({ name: Schema.String, type: ColumnType })
)

/** A Schema that no table column can have. `column` is the path to it; `use` says what to write instead. */
export class UnsupportedColumn extends Schema.TaggedError<UnsupportedColumn>()("UnsupportedColumn", {
  column: Schema.String,
  found: Schema.String,
  use: Schema.String
}) {
  override get message() {
    return `${
      this.column === "" ? "this schema" : `column ${this.column}`
    } is ${this.found}, which a table cannot hold; ${this.use}`
  }
}

interface Representation {
  readonly id?: string
  readonly payload?: { readonly minimum?: number; readonly maximum?: number } | null
}

const representationOf = (annotations: Schema.Annotations.Annotations | undefined): Representation | undefined =>
  annotations?.["representation"] as Representation | undefined

const flat = (kind: FlatKind): ColumnType => ({ kind, nullable: false })

/** Only what a check promises narrows a number: `isInt` to int64, `isInt32` (isInt within 32 bits) to int32. */
const numberType = (ast: SchemaAST.AST): ColumnType => {
  let integer = false
  let narrow = false
  const visit = (check: SchemaAST.Check<unknown>): void => {
    const representation = representationOf(check.annotations)
    if (representation?.id === "effect/schema/isInt") integer = true
    const { minimum, maximum } = representation?.payload ?? {}
    if (minimum !== undefined && maximum !== undefined) narrow ||= minimum >= -(2 ** 31) && maximum < 2 ** 31
    if (check._tag === "FilterGroup") check.checks.forEach(visit)
  }
  ast.checks?.forEach(visit)
  return flat(!integer ? "float64" : narrow ? "int32" : "int64")
}

const literalKind = (literal: SchemaAST.LiteralValue): FlatKind => {
  switch (typeof literal) {
    case "string":
      return "string"
    case "boolean":
      return "bool"
    case "bigint":
      return "bigint"
    case "number":
      return Number.isSafeInteger(literal) ? "int64" : "float64"
  }
}

/** Members of a union agree on one type: equal types, or numbers that widen to float64. */
const unify = (types: ReadonlyArray<ColumnType>): ColumnType | undefined => {
  const [first] = types
  if (first === undefined) return undefined
  if (types.every((type) => JSON.stringify(type) === JSON.stringify(first))) return first
  const kinds = new Set(types.map((type) => type.kind))
  for (const kind of kinds) if (kind !== "int32" && kind !== "int64" && kind !== "float64") return undefined
  return flat(kinds.has("float64") ? "float64" : "int64")
}

const unionType = (ast: SchemaAST.Union, column: string): ColumnType => {
  const members = ast.types.filter((member) => member._tag !== "Null")
  const types = members.map((member) => typeOf(member, column))
  const type = unify(types.map((member): ColumnType => ({ ...member, nullable: false })))
  if (type === undefined) {
    throw new UnsupportedColumn({
      column,
      found: "a union of different types",
      use: "use one column a type with Schema.NullOr, or encode the value as text"
    })
  }
  return { ...type, nullable: members.length < ast.types.length || types.some((member) => member.nullable) }
}

const structType = (ast: SchemaAST.Objects, column: string): ColumnType => {
  if (ast.indexSignatures.length > 0 || ast.propertySignatures.length === 0) {
    throw new UnsupportedColumn({
      column,
      found: ast.indexSignatures.length > 0 ? "a Record" : "an empty Struct",
      use: "use Schema.Array(Schema.Struct({ key: ..., value: ... }))"
    })
  }
  const fields = ast.propertySignatures.map((property) => {
    const name = String(property.name)
    const path = column === "" ? name : `${column}.${name}`
    if (SchemaAST.isOptional(property.type)) {
      throw new UnsupportedColumn({
        column: path,
        found: "an optional key",
        use: "use Schema.NullOr, a table has no absent cells"
      })
    }
    return { name, type: typeOf(property.type, path) }
  })
  checkNames(fields.map((field) => field.name), column)
  return { kind: "struct", nullable: false, fields }
}

const typeOf = (ast: SchemaAST.AST, column: string): ColumnType => {
  switch (ast._tag) {
    case "String":
    case "TemplateLiteral":
      return flat("string")
    case "Boolean":
      return flat("bool")
    case "BigInt":
      return flat("bigint")
    case "Number":
      return numberType(ast)
    case "Literal":
      return flat(literalKind(ast.literal))
    case "Enum":
      return unify(ast.enums.map(([, value]) => flat(literalKind(value)))) ?? flat("string")
    case "Union":
      return unionType(ast, column)
    case "Arrays": {
      const [item] = ast.rest
      if (ast.elements.length > 0 || ast.rest.length !== 1 || item === undefined) break
      return { kind: "list", nullable: false, item: typeOf(item, `${column}[]`) }
    }
    case "Objects":
      return structType(ast as SchemaAST.Objects, column)
    case "Declaration":
      if (representationOf(ast.annotations)?.id === "effect/schema/Uint8Array") return flat("binary")
  }
  throw new UnsupportedColumn({ column, found: describe(ast), use: instead(ast) })
}

const describe = (ast: SchemaAST.AST): string => ast._tag === "Arrays" ? "a Tuple" : `of type ${ast._tag}`

const instead = (ast: SchemaAST.AST): string => {
  switch (ast._tag) {
    case "Arrays":
      return "use Schema.Struct, or Schema.Array of one type"
    case "Declaration":
      return "use a Schema that encodes to text or a number, for example Schema.DateFromString"
    case "Undefined":
    case "Void":
      return "use Schema.Null with Schema.NullOr"
    case "Suspend":
      return "a column cannot be recursive; encode the value as text, for example with Schema.fromJsonString"
    default:
      return "use String, Boolean, Finite, Int, BigInt, Uint8Array, NullOr, Array, Struct, or Schema.fromJsonString"
  }
}

/** DuckDB compares names without case, and JS objects treat `__proto__` apart: both would lose a column. */
const checkNames = (names: ReadonlyArray<string>, path: string): void => {
  const seen = new Map<string, string>()
  for (const name of names) {
    const folded = name.toLowerCase()
    const column = path === "" ? name : `${path}.${name}`
    if (name === "" || name === "__proto__" || name.includes("\0")) {
      throw new UnsupportedColumn({ column, found: "a name that cannot be kept", use: "give it another name" })
    }
    if (seen.has(folded)) {
      throw new UnsupportedColumn({
        column,
        found: `a name that differs from ${seen.get(folded)} in case only`,
        use: "give it another name, SQL does not tell them apart"
      })
    }
    seen.set(folded, name)
  }
}

/** The column type of a Schema's encoded side. **Fails**: throws {@link UnsupportedColumn}. */
export const columnType = (schema: Schema.Top): ColumnType => typeOf(SchemaAST.toEncoded(schema.ast), "")

/** The columns of a table, from one Schema a column. **Fails**: throws {@link UnsupportedColumn} naming the column. */
export const tableSchema = (columns: Readonly<Record<string, Schema.Top>>): TableSchema => {
  checkNames(Object.keys(columns), "")
  return Object.entries(columns).map(([name, schema]) => ({
    name,
    type: typeOf(SchemaAST.toEncoded(schema.ast), name)
  }))
}
