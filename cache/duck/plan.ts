/**
 * What a statement reads, from DuckDB's bound plan before any optimiser ran: an optimised plan over an empty table
 * reads nothing. DuckDB gives that plan as JSON (`json_serialize_plan`).
 */
import type * as Duck from "@duckdb/node-api"
import { quoteText } from "./connect.ts"

/** What a plan says about a statement. */
export interface PlanFacts {
  /** Columns of each table, by table name. */
  readonly reads: ReadonlyMap<string, ReadonlySet<string>>
  /** True for `describe` and the like, whose result is made while binding from whatever columns there are. */
  readonly everything: boolean
  /** Functions and clauses whose result is not given by the rows read. */
  readonly volatile: ReadonlyArray<string>
}

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** Functions of the session or the build, which DuckDB does not call volatile, and one aggregate that samples. */
const environment = [
  "current_setting",
  "getvariable",
  "getenv",
  "version",
  "current_user",
  "session_user",
  "user",
  "reservoir_quantile"
]

/** DuckDB puts `error` into plans itself, for subqueries that must give one row; it has no value. */
const harmless = new Set(["error"])

/** Table functions that are given by their arguments. */
const pureSources = new Set(["range", "generate_series", "unnest", "repeat", "repeat_row"])

let volatileNames: ReadonlySet<string> | undefined

const loadVolatileNames = async (connection: Duck.DuckDBConnection): Promise<ReadonlySet<string>> => {
  if (volatileNames !== undefined) return volatileNames
  const result = await connection.runAndReadAll(
    "select distinct function_name from duckdb_functions() where stability in ('VOLATILE', 'CONSISTENT_WITHIN_QUERY')"
  )
  const names = result.getRows().map(([name]) => String(name)).filter((name) => !harmless.has(name))
  return volatileNames = new Set([...names, ...environment])
}

interface GetNode {
  readonly name: string
  readonly names: ReadonlyArray<string>
  readonly column_indexes: ReadonlyArray<{ readonly index: number }>
  readonly function_data?: { readonly table?: string }
}

const visit = (json: Json, onObject: (object: { readonly [key: string]: Json }) => void): void => {
  if (json === null || typeof json !== "object") return
  if (Array.isArray(json)) return json.forEach((item) => visit(item as Json, onObject))
  onObject(json as { readonly [key: string]: Json })
  Object.values(json).forEach((value) => visit(value, onObject))
}

const factsOf = (plans: Json, volatileNow: ReadonlySet<string>): PlanFacts => {
  const reads = new Map<string, Set<string>>()
  const found = new Set<string>()
  let everything = false
  visit(plans, (object) => {
    if (object["type"] === "LOGICAL_GET") {
      const get = object as unknown as GetNode
      const table = get.function_data?.table
      if (table === undefined || get.name !== "seq_scan") {
        if (!pureSources.has(get.name)) found.add(get.name)
        return
      }
      const columns = reads.get(table) ?? new Set<string>()
      // An index beyond the columns is the row number, which is given by the order of rows.
      for (const { index } of get.column_indexes) if (index < get.names.length) columns.add(get.names[index]!)
      reads.set(table, columns)
    } else if (object["type"] === "LOGICAL_CHUNK_GET") {
      everything = true
    } else if (object["type"] === "LOGICAL_SAMPLE") {
      found.add("sample")
    } else if (typeof object["expression_class"] === "string" && typeof object["name"] === "string") {
      if (volatileNow.has(object["name"])) found.add(object["name"])
    }
  })
  return { reads, everything, volatile: [...found].sort() }
}

interface Answer {
  readonly plans?: Json
  readonly error_message?: string
}

/**
 * The facts about a statement that binds. What DuckDB cannot write as a plan counts as reading everything, and as
 * volatile.
 */
export const planFacts = async (connection: Duck.DuckDBConnection, sql: string): Promise<PlanFacts> => {
  const volatileNow = await loadVolatileNames(connection)
  const answer = await connection.runAndReadAll(`select json_serialize_plan(${quoteText(sql)})`)
  const plan = JSON.parse(String(answer.getRows()[0]![0])) as Answer
  if (plan.plans !== undefined) return factsOf(plan.plans, volatileNow)
  return { reads: new Map(), everything: true, volatile: [plan.error_message ?? "a plan that cannot be read"] }
}
