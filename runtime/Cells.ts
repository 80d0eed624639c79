/**
 * Between rows as node bodies see them and columns of encoded cells as the store keeps them. Rows are checked against
 * the table's schema both ways, and an unknown column in a row is an error: `tsc` does not see excess properties of what
 * a generator returns.
 */
import * as Schema from "effect/Schema"
import type { Cell } from "../cache/Columns.ts"
import type { AnyTable } from "./Definition.ts"

export type CellColumns = Readonly<Record<string, ReadonlyArray<Cell>>>

const codecs = new WeakMap<AnyTable, Schema.Codec<any, any>>()

const codecOf = (table: AnyTable): Schema.Codec<any, any> => {
  const known = codecs.get(table)
  if (known !== undefined) return known
  const codec = Schema.Struct(table.columns) as unknown as Schema.Codec<any, any>
  codecs.set(table, codec)
  return codec
}

/** Decoded rows of the given columns. Throws a `SchemaError` where a cell is not what the table says. */
export const toRows = (table: AnyTable, columns: CellColumns, rows: number): ReadonlyArray<any> => {
  const names = Object.keys(table.columns)
  const decode = Schema.decodeUnknownSync(codecOf(table))
  return Array.from(
    { length: rows },
    (_, index) => decode(Object.fromEntries(names.map((name) => [name, columns[name]![index]])))
  )
}

/** One row's encoded cells by column. Throws a `SchemaError` where it does not fit, also on a column too many. */
export const encodeRow = (table: AnyTable): (row: unknown) => { readonly [column: string]: Cell } =>
  Schema.encodeUnknownSync(codecOf(table), { onExcessProperty: "error" })

/** Encoded columns of rows. */
export const toColumns = (
  table: AnyTable,
  rows: Iterable<unknown>
): { readonly columns: CellColumns; readonly rows: number } => {
  const encode = encodeRow(table)
  const columns: Record<string, Array<Cell>> = Object.fromEntries(Object.keys(table.columns).map((name) => [name, []]))
  let count = 0
  for (const row of rows) {
    const cells = encode(row)
    for (const name in columns) columns[name]!.push(cells[name]!)
    count++
  }
  return { columns, rows: count }
}

/** The first id that two rows share, or undefined. Ids name rows everywhere and must be unique. */
export const duplicateId = (table: AnyTable, columns: CellColumns, rows: number): string | undefined => {
  const seen = new Set<string>()
  for (let index = 0; index < rows; index++) {
    const id = rowName(table, columns, index)
    if (seen.has(id)) return id
    seen.add(id)
  }
  return undefined
}

/** A row's name in messages, `why` and `trace`: its id cells. */
export const rowName = (table: AnyTable, columns: CellColumns, index: number): string =>
  table.id.map((column) => String(columns[column]?.[index])).join("/")
