/**
 * Between rows as node bodies see them and the cells and buffers of the store. Rows are checked against the table's
 * schema both ways, and an unknown column in a row is an error: `tsc` does not see excess properties of what a generator
 * returns. Cells whose codec changes nothing take a direct path (`plainCheck.ts`); every error has the schema's words.
 */
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { cellReader, type ColumnData } from "../cache/ColumnData.ts"
import type { Cell } from "../cache/Columns.ts"
import { TableRefused } from "../cache/StoreFailed.ts"
import type { AnyTable } from "./Definition.ts"
import { type PlainCheck, plainCheck, propertyCount } from "./plainCheck.ts"

export type CellColumns = Readonly<Record<string, ReadonlyArray<Cell>>>

/** A function from row number to the decoded row. Throws a `SchemaError` where a cell is not what the table says. */
export type RowReader = (row: number) => any

interface Field {
  readonly name: string
  readonly plain: PlainCheck | undefined
  readonly decode: (cell: unknown) => unknown
  readonly encode: (value: unknown) => Cell
}

/** What is made once a table. */
interface Codec {
  readonly fields: ReadonlyArray<Field>
  readonly decode: (row: unknown) => any
  readonly encode: (row: unknown) => { readonly [column: string]: Cell }
}

const codecs = new WeakMap<AnyTable, Codec>()

const makeCodec = (table: AnyTable): Codec => {
  const row = Schema.Struct(table.columns) as unknown as Schema.Codec<any, any>
  return {
    decode: Schema.decodeUnknownSync(row),
    encode: Schema.encodeUnknownSync(row, { onExcessProperty: "error" }),
    fields: Object.entries(table.columns).map(([name, schema]) => ({
      name,
      plain: plainCheck(schema.ast),
      decode: Schema.decodeUnknownSync(schema),
      encode: Schema.encodeUnknownSync(schema, { onExcessProperty: "error" })
    }))
  }
}

const codecOf = (table: AnyTable): Codec => {
  const known = codecs.get(table)
  if (known !== undefined) return known
  const codec = makeCodec(table)
  codecs.set(table, codec)
  return codec
}

/** Runs `fast`; what fails there is done again by `slow`, whose error names the column. */
const orElse = <A>(fast: () => A, slow: () => A): A => {
  try {
    return fast()
  } catch {
    return slow()
  }
}

/** Decoded rows straight from buffers. Shape: `columns` in the order of the table's. */
export const rowReader = (table: AnyTable, columns: ReadonlyArray<ColumnData>): RowReader => {
  const codec = codecOf(table)
  const fields = codec.fields.map((field, k) => ({ ...field, read: cellReader(columns[k]!) }))
  const whole = (row: number) => codec.decode(Object.fromEntries(fields.map(({ name, read }) => [name, read(row)])))
  const columnwise = (row: number) => {
    const decoded: Record<string, unknown> = {}
    for (const { decode, name, plain, read } of fields) {
      const cell = read(row)
      decoded[name] = plain !== undefined && plain(cell) ? cell : decode(cell)
    }
    return decoded
  }
  return (row) => orElse(() => columnwise(row), () => whole(row))
}

/**
 * One row's encoded cells in the order of the table's columns. Lists and structs may be the row's own: they are good
 * until its owner changes them. Throws a `SchemaError` where a row does not fit, also on a column too many.
 */
export const rowWriter = (table: AnyTable): (row: unknown) => Array<Cell> => {
  const { encode, fields } = codecOf(table)
  const whole = (row: unknown): Array<Cell> => {
    const cells = encode(row)
    return fields.map(({ name }) => cells[name]!)
  }
  const columnwise = (row: object): Array<Cell> => {
    const cells: Array<Cell> = []
    for (const { encode, name, plain } of fields) {
      const value = (row as Readonly<Record<string, unknown>>)[name]
      cells.push(plain !== undefined && plain(value) ? value as Cell : encode(value))
    }
    return cells
  }
  return (row) =>
    typeof row === "object" && row !== null && propertyCount(row) === fields.length
      ? orElse(() => columnwise(row), () => whole(row))
      : whole(row)
}

const isNull = (ast: SchemaAST.AST): boolean => ast._tag === "Null"

/** True when whatever a column of this type holds is what the schema says: nothing is left to look at. */
const holdsAnyway = (ast: SchemaAST.AST, data: ColumnData): boolean => {
  if (ast._tag === "Union" && ast.types.some(isNull) && ast.checks === undefined) {
    return ast.types.every((member) => isNull(member) || holdsAnyway(member, { ...data, validity: undefined }))
  }
  if (data.validity !== undefined || ast.checks !== undefined || ast.encoding !== undefined) return false
  const { kind } = data.type
  switch (ast._tag) {
    case "String":
      return kind === "string"
    case "Boolean":
      return kind === "bool"
    case "BigInt":
      return kind === "bigint"
    case "Number":
      return kind === "float64" || kind === "int32" || kind === "int64"
    default:
      return false
  }
}

/**
 * Checks cells that were computed elsewhere (by SQL) against the table's schema. Shape: `columns` in the order of the
 * table's; `first` is the number of the first row in the table. Throws `TableRefused` naming column and row.
 */
export const dataChecker = (
  table: AnyTable
): (columns: ReadonlyArray<ColumnData>, rows: number, first: number) => void => {
  const { fields } = codecOf(table)
  const schemas = Object.values(table.columns)
  return (columns, rows, first) =>
    fields.forEach(({ decode, name, plain }, k) => {
      if (holdsAnyway(schemas[k]!.ast, columns[k]!)) return
      const read = cellReader(columns[k]!)
      for (let row = 0; row < rows; row++) {
        const cell = read(row)
        if (plain !== undefined && plain(cell)) continue
        try {
          decode(cell)
        } catch (error) {
          throw new TableRefused({ column: name, found: `row ${first + row}: ${(error as Error).message}` })
        }
      }
    })
}

/** Decoded rows of the given columns. Throws a `SchemaError` where a cell is not what the table says. */
export const toRows = (table: AnyTable, columns: CellColumns, rows: number): ReadonlyArray<any> => {
  const { decode, fields } = codecOf(table)
  return Array.from(
    { length: rows },
    (_, index) => decode(Object.fromEntries(fields.map(({ name }) => [name, columns[name]![index]])))
  )
}

/** A row's name in messages, `why` and `trace`: its id cells. */
export const rowName = (table: AnyTable, columns: CellColumns, index: number): string =>
  table.id.map((column) => String(columns[column]?.[index])).join("/")
