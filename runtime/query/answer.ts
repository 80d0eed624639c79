/**
 * The answer to a question: a statement over the tables that the chosen runs left, or what these tables are. Looks at
 * the cache anew each time and takes no lock.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type QueryResult, SqlRefused } from "../../cache/Duck.ts"
import { sqlType } from "../../cache/duck/tables.ts"
import { blobsOf, type RunRecord } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { isLost, type StoreFailed } from "../../cache/StoreFailed.ts"
import { ResultLost } from "../Error.ts"
import { type Choice, chosenRuns } from "./chosenRuns.ts"
import { latestNodes } from "./latestNodes.ts"
import { choiceRefused, statementRefused, tableRefused } from "./refusal.ts"
import { select, selectPieces } from "./select.ts"
import { type NamedTable, tablesByName } from "./tablesByName.ts"

/** The names that a statement may use, with their rows and columns. */
const listed = (tables: ReadonlyMap<string, NamedTable>): QueryResult => {
  const all = [...tables.values()]
  return {
    schema: [{ name: "table", type: "VARCHAR" }, { name: "rows", type: "BIGINT" }, {
      name: "columns",
      type: "VARCHAR"
    }],
    columns: {
      table: all.map(({ name }) => name),
      rows: all.map(({ rows }) => rows),
      columns: all.map(({ table }) => table.schema.map(({ name }) => name).join(", "))
    },
    rows: all.length
  }
}

/** The columns of one table, with their types in SQL. */
const described = ({ table }: NamedTable): QueryResult => ({
  schema: [{ name: "column", type: "VARCHAR" }, { name: "type", type: "VARCHAR" }],
  columns: { column: table.schema.map(({ name }) => name), type: table.schema.map(({ type }) => sqlType(type)) },
  rows: table.schema.length
})

interface Present {
  readonly runs: ReadonlyArray<RunRecord>
  readonly nodes: ReturnType<typeof latestNodes>
  readonly tables: ReadonlyMap<string, NamedTable>
}

/** What the chosen runs left, as it is now. **Fails**: `QueryRefused` where there is no such run; `StoreFailed`. */
const present = Effect.fnUntraced(function*(choice: Choice) {
  const store = yield* Store
  const all = yield* store.listRuns()
  const runs = chosenRuns(all, choice)
  if (runs.length === 0) return yield* choiceRefused(choice, all)
  const nodes = latestNodes(runs)
  return { runs, nodes, tables: tablesByName(store, nodes) } satisfies Present
})

/** The tables that a statement could be asked of, by name in lower case. Fails as {@link answer} does. */
export const currentTables = (choice: Choice) => Effect.map(present(choice), ({ tables }) => tables)

/** The columns of a table by its name. Fails as {@link answer} does. */
export const describe = Effect.fnUntraced(function*(name: string, choice: Choice) {
  const { runs, tables } = yield* present(choice)
  const found = tables.get(name.toLowerCase())
  return found === undefined ? yield* tableRefused(name, tables, runs) : described(found)
})

/** A failure with what the cache knows about it. */
const explained = ({ nodes, runs, tables }: Present) => (error: SqlRefused | StoreFailed) => {
  if (error instanceof SqlRefused) return statementRefused(error, tables, runs)
  if (!isLost(error)) return error
  const owner = nodes.find(({ before, manifest }) =>
    [manifest, before].some((each) => each !== undefined && blobsOf(each).includes(error.digest))
  )
  return new ResultLost({ label: owner?.label ?? "a node", damaged: error._tag === "BlobDamaged" })
}

/**
 * What `statement` gives, of more than `keep` rows the cells of the first; without one, the tables it could be asked of.
 *
 * **Fails**: `QueryRefused` for a statement, an experiment or a run that is not right; `ResultLost` where stored bytes
 * are gone; `StoreFailed`.
 */
export const answer = Effect.fnUntraced(function*(statement: string | undefined, choice: Choice, keep = Infinity) {
  const now = yield* present(choice)
  if (statement === undefined) return listed(now.tables)
  return yield* Effect.mapError(select(statement, now.tables, keep), explained(now))
})

/** {@link answer} in pieces, at least one, that end after `most` rows: for answers of any length. Fails as it does. */
export const answerPieces = (statement: string | undefined, choice: Choice, most = Infinity) =>
  Stream.unwrap(Effect.map(present(choice), (now) => {
    if (statement === undefined) return Stream.make(listed(now.tables))
    return Stream.mapError(selectPieces(statement, now.tables, most), explained(now))
  }))
