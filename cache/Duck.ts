/**
 * SQL over tables of the cache: what a statement reads and gives (`bind`), its result as cells (`query`) or as another
 * table of the cache (`queryInto`). Stateless: tables go in, columns come out, nothing of DuckDB's is kept. Which columns
 * enter a key, and whether result types fit a node's output, is decided above.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ColumnData } from "./ColumnData.ts"
import type { Cell, TableSchema } from "./Columns.ts"
import { bind, type Bound, pick, type ResultColumn, sqlEffect } from "./duck/bind.ts"
import { byName, type CellReader, openCells } from "./duck/cells.ts"
import { type Connected, duckVersion, openSession, quoteName, quoteText } from "./duck/connect.ts"
import { SqlRefused } from "./duck/SqlRefused.ts"
import { createScan, type ScanSource } from "./duck/scan.ts"
import { appendRows, createTable } from "./duck/tables.ts"
import { resultReader } from "./duck/vectors.ts"
import type { TableManifest } from "./Manifest.ts"
import type { ReadMemory } from "./ReadMemory.ts"
import { Store } from "./Store.ts"
import { attempt, type StoreFailed } from "./StoreFailed.ts"
import { checkShape, type Columns, type EncodedChunk, encodeNamed } from "./Tables.ts"
import type { TableWriter } from "./TableWriter.ts"

export { bind, type Bound, duckVersion, type ResultColumn, SqlRefused }

/** A table that SQL may read: made by {@link fromColumns} or {@link fromManifest}. */
export interface SqlTable {
  readonly schema: TableSchema
  readonly chunks: number
  /** Must not wait once a first chunk has been read: DuckDB asks for chunks in the middle of its own work. */
  readonly readChunk: (
    chunk: number,
    names: ReadonlyArray<string>,
    memory?: ReadMemory
  ) => Effect.Effect<EncodedChunk, StoreFailed>
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

/** A stored table; only the chunks' columns that a statement reads are decoded, and none to count rows. */
export const fromManifest = (store: Store["Service"], manifest: TableManifest): SqlTable => ({
  schema: manifest.schema,
  chunks: manifest.chunks.length,
  readChunk: (chunk, names, memory) =>
    names.length === 0
      ? Effect.succeed({ rows: manifest.chunks[chunk]!.rows, columns: [] })
      : store.readChunk(manifest, chunk, names, memory === undefined ? {} : { memory })
})

/** How a result is wanted. */
export interface QueryOptions {
  /** Columns of the result to order by; without, rows come as the statement gives them. */
  readonly orderBy?: ReadonlyArray<string>
  /** Show decimals, dates and the like as text instead of refusing them. */
  readonly display?: boolean
  /** Rows whose cells are wanted, the first ones; others are only counted. All unless told. */
  readonly keep?: number
}

/** A result: its columns, and their cells by name. Integers are numbers where exact, else bigints. */
export interface QueryResult {
  readonly schema: ReadonlyArray<ResultColumn>
  /** Cells of all rows, or of as many as were to be kept. */
  readonly columns: Columns
  /** Of the whole result. */
  readonly rows: number
}

/** `query` takes the statement as it is, with its comments and semicolons. */
const ordered = (sql: string, orderBy: ReadonlyArray<string>): string =>
  orderBy.length === 0 ? sql : `select * from query(${quoteText(sql)}) order by ${orderBy.map(quoteName).join(", ")}`

const open = (
  connected: Connected,
  sql: string,
  { display = false, orderBy = [] }: QueryOptions
): Promise<CellReader> => openCells(connected, sql, { display, statement: ordered(sql, orderBy) })

const run = async (connected: Connected, sql: string, options: QueryOptions): Promise<QueryResult> => {
  const { next, schema } = await open(connected, sql, options)
  const columns = schema.map((): Array<Cell> => [])
  let rows = 0
  for (;;) {
    const piece = await next((options.keep ?? Infinity) - rows)
    if (piece === undefined) return { schema, columns: byName(schema, columns), rows }
    piece.columns.forEach((cells, i) => {
      for (const cell of cells) columns[i]!.push(cell)
    })
    rows += piece.rows
  }
}

/** `rowid` names a row's place in a table of DuckDB's own; views have none. */
const usesRowNumbers = (sql: string): boolean => /\browid\b/iu.test(sql)

type Use = <A>(work: (connected: Connected) => Promise<A>) => Effect.Effect<A, SqlRefused>

/** Copies a table into DuckDB. */
const copyIn = Effect.fnUntraced(function*(use: Use, name: string, table: SqlTable, names: ReadonlyArray<string>) {
  yield* use(({ connection }) => createTable(connection, name, pick(table.schema, names)))
  for (let chunk = 0; chunk < table.chunks; chunk++) {
    const data = yield* table.readChunk(chunk, names)
    yield* use((connected) => appendRows(connected, name, data.columns, data.rows))
  }
})

/** Lets DuckDB read a table while it works. The first chunk is read at once and kept: many tables have no other. */
const scanIn = Effect.fnUntraced(function*(use: Use, name: string, table: SqlTable, names: ReadonlyArray<string>) {
  const first = table.chunks === 0 ? undefined : yield* table.readChunk(0, names)
  const source: ScanSource = {
    schema: pick(table.schema, names),
    chunks: table.chunks,
    read: (chunk, memory) => chunk === 0 ? first! : Effect.runSync(table.readChunk(chunk, names, memory)),
    failure: undefined
  }
  yield* Effect.acquireRelease(
    use((connected) => createScan(connected, name, source)),
    (scan) => Effect.sync(scan.close)
  )
  return source
})

/** A session in which the statement's tables lie, with the columns that it reads and no others. */
const loaded = Effect.fnUntraced(function*(sql: string, tables: Readonly<Record<string, SqlTable>>) {
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
  const use: Use = (work) => sqlEffect(sql, schemas, () => session.use(work))
  const sources: Array<ScanSource> = []
  for (const [name, names] of Object.entries(reads)) {
    if (usesRowNumbers(sql)) yield* copyIn(use, name, tables[name]!, names)
    else sources.push(yield* scanIn(use, name, tables[name]!, names))
  }
  /** A step that may read tables: where one cannot be read, its own failure and not DuckDB's account of it. */
  const step = <A>(work: (connected: Connected) => Promise<A>): Effect.Effect<A, SqlRefused | StoreFailed> =>
    Effect.catch(use(work), (refused): Effect.Effect<never, SqlRefused | StoreFailed> => {
      const failure = sources.find((source) => source.failure !== undefined)?.failure
      if (failure === undefined) return Effect.fail(refused)
      return attempt("read a table", "cache", () => {
        throw failure.error
      })
    })
  return { columns, step }
})

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
  const { step } = yield* loaded(sql, tables)
  return yield* step((connected) => run(connected, sql, options))
}, Effect.scoped)

/**
 * {@link query} in pieces of a few thousand rows, at least one: a result of any length in little memory. With `keep` it
 * ends after so many rows. Fails as {@link query} does.
 */
export const queryPieces = (
  sql: string,
  tables: Readonly<Record<string, SqlTable>>,
  options: QueryOptions = {}
): Stream.Stream<QueryResult, SqlRefused | StoreFailed, never> =>
  Stream.unwrap(Effect.gen(function*() {
    const { step } = yield* loaded(sql, tables)
    const { next, schema } = yield* step((connected) => open(connected, sql, options))
    const most = options.keep ?? Infinity
    return Stream.paginate(0, (before: number) =>
      Effect.map(
        before >= most && before > 0 ? Effect.undefined : step(() => next(most - before)),
        (piece) => {
          // Whoever reads it wants to know the columns also of no rows.
          if (piece === undefined) {
            const none = { schema, columns: byName(schema, schema.map(() => [])), rows: 0 }
            return [before === 0 ? [none] : [], Option.none<number>()] as const
          }
          const rows = Math.min(piece.rows, most - before)
          return [[{ schema, columns: byName(schema, piece.columns), rows }], Option.some(before + piece.rows)] as const
        }
      ))
  }))

/** How a result is written. */
export interface QueryIntoOptions<E, R> {
  readonly orderBy?: ReadonlyArray<string>
  /** Sees the rows of each piece of the result, in the order of the writer's columns, before they are written. */
  readonly onRows?: (columns: ReadonlyArray<ColumnData>, rows: number) => Effect.Effect<void, E, R>
}

/** Where each column of the writer stands in the result. */
const placesOf = (sql: string, schema: TableSchema, columns: ReadonlyArray<ResultColumn>): ReadonlyArray<number> => {
  const extra = columns.find(({ name }) => !schema.some((column) => column.name === name))
  if (extra !== undefined) {
    throw new SqlRefused({ reason: `column ${extra.name} of the result is not in the output table`, sql })
  }
  return schema.map(({ name }) => {
    const place = columns.findIndex((column) => column.name === name)
    if (place < 0) throw new SqlRefused({ reason: `the result has no column ${name}`, sql })
    return place
  })
}

/**
 * Runs a statement and writes its result, piece by piece: neither side is ever in memory as JS values, and the result
 * never as a whole. Columns are matched by name.
 *
 * **Fails**: `SqlRefused`, also when the result has other columns than the writer; `TableRefused` naming column and row
 * when a value does not fit its column; `StoreFailed`; what `onRows` fails with.
 */
export const queryInto = Effect.fn("Duck.queryInto")(function*<E = never, R = never>(
  sql: string,
  tables: Readonly<Record<string, SqlTable>>,
  writer: TableWriter,
  options: QueryIntoOptions<E, R> = {}
) {
  const { root } = yield* Store
  const { columns, step } = yield* loaded(sql, tables)
  const reader = yield* step(async (connected) =>
    resultReader(connected, sql, await connected.connection.stream(ordered(sql, options.orderBy ?? [])), {
      schema: writer.schema,
      places: placesOf(sql, writer.schema, columns)
    })
  )
  for (;;) {
    const chunk = yield* step(reader.next)
    if (chunk === undefined) return
    const data = yield* attempt("store a table", root, () => reader.columns(chunk, writer.rows))
    if (options.onRows !== undefined) yield* options.onRows(data, chunk.rowCount)
    yield* attempt("store a table", root, () => writer.pushData(data, 0, chunk.rowCount))
  }
}, Effect.scoped)
