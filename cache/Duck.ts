/**
 * SQL over tables of the cache: what a statement reads and gives (`bind`), and its result (`query`). Stateless: tables
 * go in, columns come out, nothing of DuckDB's is kept. Which columns enter a key, and whether result types fit a
 * node's output, is decided above.
 */
import * as Effect from "effect/Effect"
import type { Cell, TableSchema } from "./Columns.ts"
import { type Connected, duckVersion, openSession, quoteName, quoteText, withConnection } from "./duck/connect.ts"
import { type PlanFacts, planFacts } from "./duck/plan.ts"
import { checkTypes, toCell } from "./duck/result.ts"
import { refusedBy, SqlRefused } from "./duck/SqlRefused.ts"
import { appendRows, createTable } from "./duck/tables.ts"
import type { TableManifest } from "./Manifest.ts"
import type { Store } from "./Store.ts"
import { attempt, type StoreFailed } from "./StoreFailed.ts"
import { checkShape, type Columns, type EncodedChunk, encodeNamed } from "./Tables.ts"

export { duckVersion, SqlRefused }

/** A table that SQL may read: made by {@link fromColumns} or {@link fromManifest}. */
export interface SqlTable {
  readonly schema: TableSchema
  readonly chunks: number
  readonly readChunk: (chunk: number, names: ReadonlyArray<string>) => Effect.Effect<EncodedChunk, StoreFailed>
}

const pick = (schema: TableSchema, names: Iterable<string>): TableSchema => {
  const wanted = new Set(names)
  return schema.filter((column) => wanted.has(column.name))
}

/** A table in memory. Shape: every column of `schema` has `rows` cells. */
export const fromColumns = (schema: TableSchema, columns: Columns, rows: number): SqlTable => ({
  schema,
  chunks: 1,
  readChunk: (_, names) =>
    attempt("read a table", "memory", () => {
      const wanted = pick(schema, names)
      checkShape(wanted, columns, rows)
      return { rows, columns: wanted.map((column) => encodeNamed(column, columns[column.name]!, 0)) }
    })
})

/** A stored table; only the chunks' columns that a statement reads are decoded. */
export const fromManifest = (store: Store["Service"], manifest: TableManifest): SqlTable => ({
  schema: manifest.schema,
  chunks: manifest.chunks.length,
  readChunk: (chunk, names) => store.readChunk(manifest, chunk, names)
})

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

type Schemas = Readonly<Record<string, TableSchema>>

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

/**
 * A statement can need a column that its plan does not read (`* exclude (x)` names x). Such columns are kept: the rest
 * are taken away one by one as long as the statement still means the same.
 */
const widen = async (
  sql: string,
  tables: Schemas,
  reads: Readonly<Record<string, ReadonlyArray<string>>>,
  expected: ReadonlyArray<ResultColumn>
): Promise<Record<string, ReadonlyArray<string>>> => {
  const restricted = (kept: Readonly<Record<string, ReadonlyArray<string>>>): Schemas =>
    Object.fromEntries(Object.entries(kept).map(([name, columns]) => [name, pick(tables[name]!, columns)]))
  if (await binds(sql, restricted(reads), expected)) return reads
  const kept: Record<string, ReadonlyArray<string>> = Object.fromEntries(
    Object.entries(tables).map(([name, schema]) => [name, schema.map((column) => column.name)])
  )
  for (const [table, schema] of Object.entries(tables)) {
    for (const { name } of schema) {
      if (reads[table]?.includes(name) === true) continue
      const fewer = { ...kept, [table]: kept[table]!.filter((column) => column !== name) }
      if (await binds(sql, restricted(fewer), expected)) kept[table] = fewer[table]!
    }
    if (reads[table] !== undefined || kept[table]!.length > 0) continue
    const { [table]: _, ...without } = kept
    if (await binds(sql, restricted(without), expected)) delete kept[table]
  }
  return kept
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

const sqlEffect = <A>(sql: string, tables: Schemas, work: () => Promise<A>): Effect.Effect<A, SqlRefused> =>
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

/** How a result is wanted. */
export interface QueryOptions {
  /** Columns of the result to order by; without, rows come as the statement gives them. */
  readonly orderBy?: ReadonlyArray<string>
  /** Show decimals, dates and the like as text instead of refusing them. */
  readonly display?: boolean
}

/** A result: its columns, and their cells by name. Integers are numbers where exact, else bigints. */
export interface QueryResult {
  readonly schema: ReadonlyArray<ResultColumn>
  readonly columns: Columns
  readonly rows: number
}

/** `query` takes the statement as it is, with its comments and semicolons. */
const ordered = (sql: string, orderBy: ReadonlyArray<string>): string =>
  orderBy.length === 0 ? sql : `select * from query(${quoteText(sql)}) order by ${orderBy.map(quoteName).join(", ")}`

const run = async ({ connection, duck }: Connected, sql: string, options: QueryOptions): Promise<QueryResult> => {
  const result = await connection.stream(ordered(sql, options.orderBy ?? []))
  const names = result.columnNames()
  const types = result.columnTypes()
  if (options.display !== true) checkTypes(duck, sql, names, types)
  const cells = names.map((): Array<Cell> => [])
  let rows = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) break
    for (let i = 0; i < names.length; i++) {
      for (const value of chunk.getColumnValues(i)) cells[i]!.push(toCell(duck, value))
    }
    rows += chunk.rowCount
  }
  return {
    schema: names.map((name, i) => ({ name, type: types[i]!.toString() })),
    columns: Object.fromEntries(names.map((name, i) => [name, cells[i]!])),
    rows
  }
}

/**
 * Runs a statement over tables. Only the columns that {@link bind} names are loaded.
 *
 * **Fails**: `SqlRefused`; `StoreFailed` when a table cannot be read.
 */
export const query = Effect.fn("Duck.query")(function*(
  sql: string,
  tables: Readonly<Record<string, SqlTable>>,
  options: QueryOptions = {}
) {
  const schemas = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, table.schema]))
  const { columns, reads } = yield* bind(sql, schemas)
  const twice = columns.find((column, i) => columns.findIndex((other) => other.name === column.name) !== i)
  if (twice !== undefined) {
    return yield* new SqlRefused({
      reason: `the result has two columns named ${twice.name}; name one of them with "as"`,
      sql
    })
  }
  const session = yield* Effect.acquireRelease(Effect.promise(openSession), (open) => Effect.promise(open.close))
  for (const [name, names] of Object.entries(reads)) {
    const table = tables[name]!
    const schema = pick(table.schema, names)
    yield* sqlEffect(sql, schemas, () => session.use(({ connection }) => createTable(connection, name, schema)))
    for (let chunk = 0; chunk < table.chunks; chunk++) {
      const data = yield* table.readChunk(chunk, names)
      const append = (connected: Connected) => appendRows(connected, name, data.columns, data.rows)
      yield* sqlEffect(sql, schemas, () => session.use(append))
    }
  }
  return yield* sqlEffect(sql, schemas, () => session.use((connected) => run(connected, sql, options)))
}, Effect.scoped)
