/**
 * What a statement is, without running it: the columns it gives and those it reads, from DuckDB's own binder over empty
 * tables.
 */
import * as Effect from "effect/Effect"
import type { TableSchema } from "../Columns.ts"
import { type Connected, withConnection } from "./connect.ts"
import { type PlanFacts, planFacts } from "./plan.ts"
import { refusedBy, SqlRefused } from "./SqlRefused.ts"
import { createTable } from "./tables.ts"

/** Some columns of a schema, in its order. */
export const pick = (schema: TableSchema, names: Iterable<string>): TableSchema => {
  const wanted = new Set(names)
  return schema.filter((column) => wanted.has(column.name))
}

/** A column of a result. `type` is DuckDB's, for example `VARCHAR`, `BIGINT[]`. */
export interface ResultColumn {
  readonly name: string
  readonly type: string
}

/** What a statement is, without running it. */
export interface Bound {
  readonly columns: ReadonlyArray<ResultColumn>
  /**
   * Columns of each table that the statement reads, in the order of its schema. A table it does not read is absent; one
   * only counted is empty.
   */
  readonly reads: Readonly<Record<string, ReadonlyArray<string>>>
  /** Functions and clauses whose result changes from run to run: `random`, `now`, `sample`, … */
  readonly volatile: ReadonlyArray<string>
}

/** The tables that a statement may name. */
export type Schemas = Readonly<Record<string, TableSchema>>

const namesIn = (tables: Schemas): ReadonlyArray<string> => [
  ...Object.keys(tables),
  ...Object.values(tables).flatMap((schema) => schema.map((column) => column.name))
]

const preparedColumns = async ({ connection, duck }: Connected, sql: string): Promise<ReadonlyArray<ResultColumn>> => {
  const prepared = await connection.prepare(sql)
  try {
    if (prepared.statementType !== duck.StatementType.SELECT) {
      throw new SqlRefused({ reason: "only a SELECT can be run over tables of the cache", sql })
    }
    return Array.from({ length: prepared.columnCount }, (_, i) => ({
      name: prepared.columnName(i),
      type: prepared.columnType(i).toString()
    }))
  } finally {
    prepared.destroySync()
  }
}

/** What the statement gives over empty tables of these schemas. */
const columnsOver = (sql: string, tables: Schemas): Promise<ReadonlyArray<ResultColumn>> =>
  withConnection(async (connected) => {
    for (const [name, schema] of Object.entries(tables)) await createTable(connected.connection, name, schema)
    return preparedColumns(connected, sql)
  })

const sameColumns = (a: ReadonlyArray<ResultColumn>, b: ReadonlyArray<ResultColumn>): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

const binds = async (sql: string, tables: Schemas, expected: ReadonlyArray<ResultColumn>): Promise<boolean> => {
  try {
    return sameColumns(await columnsOver(sql, tables), expected)
  } catch {
    return false
  }
}

/** A column that may be left out, or with `column` undefined a table that has none left. */
interface Part {
  readonly table: string
  readonly column?: string
}

type Kept = Readonly<Record<string, ReadonlyArray<string>>>

const leftOut = (kept: Kept, parts: ReadonlyArray<Part>): Kept =>
  Object.fromEntries(
    Object.entries(kept)
      .filter(([table]) => !parts.some((part) => part.table === table && part.column === undefined))
      .map(([table, columns]) => [
        table,
        columns.filter((column) => !parts.some((part) => part.table === table && part.column === column))
      ])
  )

/**
 * `kept` without as many of `parts` as can be left out: all at once where that works, else by halves, so that the few
 * that are needed are found among many in a few binds.
 */
const leaveOut = async (
  kept: Kept,
  parts: ReadonlyArray<Part>,
  works: (kept: Kept) => Promise<boolean>
): Promise<Kept> => {
  if (parts.length === 0) return kept
  const fewer = leftOut(kept, parts)
  if (await works(fewer)) return fewer
  if (parts.length === 1) return kept
  const half = parts.length >> 1
  return leaveOut(await leaveOut(kept, parts.slice(0, half), works), parts.slice(half), works)
}

/**
 * A statement can need a column that its plan does not read (`* exclude (x)` names x). Such columns are kept: the rest
 * are taken away as long as the statement still means the same.
 */
const widen = async (
  sql: string,
  tables: Schemas,
  reads: Kept,
  expected: ReadonlyArray<ResultColumn>
): Promise<Kept> => {
  const works = (kept: Kept): Promise<boolean> =>
    binds(
      sql,
      Object.fromEntries(Object.entries(kept).map(([name, columns]) => [name, pick(tables[name]!, columns)])),
      expected
    )
  if (await works(reads)) return reads
  const whole = Object.fromEntries(
    Object.entries(tables).map(([name, schema]) => [name, schema.map((column) => column.name)])
  )
  const unread = Object.entries(whole).flatMap(([table, columns]) =>
    columns.filter((column) => reads[table]?.includes(column) !== true).map((column): Part => ({ table, column }))
  )
  const kept = await leaveOut(whole, unread, works)
  const emptied = Object.keys(kept).filter((table) => reads[table] === undefined && kept[table]!.length === 0)
  return leaveOut(kept, emptied.map((table): Part => ({ table })), works)
}

const bindNow = async (sql: string, tables: Schemas): Promise<Bound> => {
  const { columns, facts } = await withConnection(async (connected) => {
    for (const [name, schema] of Object.entries(tables)) await createTable(connected.connection, name, schema)
    const columns = await preparedColumns(connected, sql)
    const facts: PlanFacts = await planFacts(connected.connection, sql)
    return { columns, facts }
  })
  const reads: Record<string, ReadonlyArray<string>> = {}
  for (const [name, schema] of Object.entries(tables)) {
    const read = facts.everything ? schema.map((column) => column.name) : facts.reads.get(name)
    if (read !== undefined) reads[name] = pick(schema, read).map((column) => column.name)
  }
  return { columns, reads: await widen(sql, tables, reads, columns), volatile: facts.volatile }
}

/** Errors of DuckDB's as refusals of the statement. */
export const sqlEffect = <A>(sql: string, tables: Schemas, work: () => Promise<A>): Effect.Effect<A, SqlRefused> =>
  Effect.tryPromise({
    try: work,
    catch: (error) => error instanceof SqlRefused ? error : refusedBy(sql, error, namesIn(tables))
  })

/**
 * Names, types and reads of a statement, from DuckDB's own binder.
 *
 * **Fails**: `SqlRefused` on anything but one SELECT that binds over these tables.
 */
export const bind = (sql: string, tables: Schemas): Effect.Effect<Bound, SqlRefused> =>
  sqlEffect(sql, tables, () => bindNow(sql, tables))
