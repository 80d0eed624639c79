/**
 * Results of DuckDB as cells. Types that no table column can hold are refused by name, so that nothing is rounded or
 * turned into text without the statement saying so; for showing to people they may be turned into text instead.
 */
import type * as Duck from "@duckdb/node-api"
import type { Cell } from "../Columns.ts"
import type { DuckModule } from "./connect.ts"
import { SqlRefused } from "./SqlRefused.ts"

/** The cast that makes a type fit a column. */
const castFor = (type: string): string => {
  if (/^U?HUGEINT$/.test(type)) return "::BIGINT"
  if (type.startsWith("DECIMAL")) return "::DOUBLE"
  return "::VARCHAR"
}

const plain = new Set([
  "BOOLEAN",
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "UTINYINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
  "FLOAT",
  "DOUBLE",
  "VARCHAR",
  "BLOB",
  "\"NULL\"",
  "NULL"
])

/** The type within `type` that has no cell, if there is one. */
const unsupported = (duck: DuckModule, type: Duck.DuckDBType): string | undefined => {
  if (type.typeId === duck.DuckDBTypeId.LIST) return unsupported(duck, (type as Duck.DuckDBListType).valueType)
  if (type.typeId === duck.DuckDBTypeId.STRUCT) {
    for (const field of (type as Duck.DuckDBStructType).entryTypes) {
      const found = unsupported(duck, field)
      if (found !== undefined) return found
    }
    return undefined
  }
  const name = type.typeId === duck.DuckDBTypeId.VARCHAR ? "VARCHAR" : type.toString()
  return plain.has(name) ? undefined : name
}

/** **Fails**: throws `SqlRefused` naming the column and the cast that is missing. */
export const checkTypes = (
  duck: DuckModule,
  sql: string,
  names: ReadonlyArray<string>,
  types: ReadonlyArray<Duck.DuckDBType>
): void => {
  types.forEach((type, i) => {
    const found = unsupported(duck, type)
    if (found !== undefined) {
      throw new SqlRefused({
        reason: `column ${
          names[i]
        } of the result is ${type.toString()}, which a table cannot hold; write its expression with ${castFor(found)}`,
        sql
      })
    }
  })
}

/** Integers are numbers where a number is exact. */
const integer = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value

/** One value of DuckDB as a cell; what has no cell becomes text. */
export const toCell = (duck: DuckModule, value: Duck.DuckDBValue): Cell => {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value
    case "bigint":
      return integer(value)
  }
  if (value === null) return null
  if (value instanceof duck.DuckDBBlobValue) return new Uint8Array(value.bytes)
  if (value instanceof duck.DuckDBListValue) return value.items.map((item) => toCell(duck, item))
  if (value instanceof duck.DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, toCell(duck, entry)]))
  }
  return value.toString()
}
