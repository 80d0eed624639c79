/**
 * A SELECT over named tables of a cache. The statement is DuckDB's dialect; it can read and nothing else. Which tables
 * there are is in `tablesByName.ts`, what a refusal says to people in `refusal.ts`.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Duck from "../../cache/Duck.ts"
import { loadArrow } from "../../cache/TableBlob.ts"
import type { NamedTable } from "./tablesByName.ts"

type Tables = ReadonlyMap<string, NamedTable>

/** Whether a type is a decimal itself, no list of them. */
const isDecimal = (type: string): boolean => type.startsWith("DECIMAL") && !type.endsWith("]")

/** Decimals come as text; people compare and compute with them. */
const withNumbers = (result: Duck.QueryResult): Duck.QueryResult => ({
  ...result,
  columns: Object.fromEntries(
    result.schema.map(({ name, type }) => [
      name,
      isDecimal(type)
        ? result.columns[name]!.map((cell) => cell === null ? null : Number(cell))
        : result.columns[name]!
    ])
  )
})

/** The table that a refused statement names and that is not there. */
export const missingTable = (error: unknown): string | undefined =>
  error instanceof Duck.SqlRefused ? /^Table with name (.*) does not exist!$/su.exec(error.reason)?.[1] : undefined

/**
 * The tables whose names stand in the statement as it is written. A sweep of many arms has hundreds of tables, and
 * finding what a statement reads takes longer with each.
 */
export const mentionedTables = (statement: string, tables: Tables): Tables => {
  const folded = statement.toLowerCase()
  return new Map([...tables].filter(([name]) => folded.includes(name.replaceAll("\"", "\"\""))))
}

const byName = (tables: Tables) => {
  // Chunks are decoded by it in a moment; until then DuckDB works on threads of its own, and this one waits.
  if (tables.size > 0) loadArrow().catch(() => undefined) // whoever needs it is told then
  return Object.fromEntries([...tables.values()].map(({ name, table }) => [name, table]))
}

const over = (statement: string, tables: Tables, keep: number) =>
  Duck.query(statement, byName(tables), { display: true, keep })

const piecesOver = (statement: string, tables: Tables, keep: number) =>
  Duck.queryPieces(statement, byName(tables), { display: true, keep })

/**
 * What a statement gives, column by column. Types without a cell of their own are text, decimals are numbers.
 *
 * **Shape**: of more than `keep` rows, only the first have cells; all are counted.
 * **Fails**: `SqlRefused`; `StoreFailed` when a table cannot be read.
 */
export const select = (statement: string, tables: Tables, keep = Infinity) =>
  over(statement, mentionedTables(statement, tables), keep).pipe(
    // A name may be put together, `query_table('a' || 'b')`, and one that is not there should be told the nearest of all.
    Effect.catchIf((error) => missingTable(error) !== undefined, () => over(statement, tables, keep)),
    Effect.map(withNumbers)
  )

/** {@link select} in pieces, at least one, that end after `most` rows. Fails as it does. */
export const selectPieces = (statement: string, tables: Tables, most = Infinity) =>
  piecesOver(statement, mentionedTables(statement, tables), most).pipe(
    Stream.catchIf((error) => missingTable(error) !== undefined, () => piecesOver(statement, tables, most)),
    Stream.map(withNumbers)
  )
