/**
 * Refusals with what the cache knows about them: the tables there are, why a node is no table, which experiments and
 * runs could have been meant. The rest is DuckDB's, see `cache/duck/SqlRefused.ts`.
 */
import { SqlRefused } from "../../cache/Duck.ts"
import { quoteName } from "../../cache/duck/connect.ts"
import type { RunRecord } from "../../cache/Manifest.ts"
import { didYouMean, nearestName } from "../nearestName.ts"
import type { Choice } from "./chosenRuns.ts"
import { QueryRefused } from "./QueryRefused.ts"
import { mentionedTables, missingTable } from "./select.ts"
import { parseArmLabel } from "./sweepTable.ts"
import type { NamedTable } from "./tablesByName.ts"

/** Runs that are named when another was not found. */
const runsNamed = 5

/** The names that matter: no table as it was before, no arm that its sweep stands for. */
const mainNames = (tables: ReadonlyMap<string, NamedTable>): ReadonlyArray<string> =>
  [...tables.values()].map(({ name }) => name).filter((name) => {
    const arm = parseArmLabel(name)
    return !name.endsWith("@before") && (arm === undefined || !tables.has(arm.name.toLowerCase()))
  })

/** Why the runs have a node of this name but no table; `undefined` where they have no such node. */
const noTable = (name: string, runs: ReadonlyArray<RunRecord>): QueryRefused | undefined => {
  const folded = name.toLowerCase()
  const nodes = runs.flatMap((run) => run.nodes).filter(({ label }) => label.toLowerCase() === folded)
  const made = nodes.find(({ manifest }) => manifest !== undefined) ?? nodes[0]
  if (made === undefined) return undefined
  return made.manifest === undefined
    ? new QueryRefused({
      reason: `${made.label} has no result yet (${made.state})`,
      next: "run its experiment, then ask again"
    })
    : new QueryRefused({
      reason: `the result of ${made.label} is a ${made.manifest.kind}, no table`,
      next: `\`pipeline show ${made.label}\` prints it`
    })
}

/** Names such as `scores:base` that stand in the statement without the quotes they need. */
const unquoted = (statement: string, tables: ReadonlyMap<string, NamedTable>): string | undefined =>
  [...tables.values()]
    .map(({ name }) => name)
    .filter((name) => !/^\w+$/u.test(name) && statement.includes(name) && !statement.includes(quoteName(name)))
    .sort((a, b) => b.length - a.length)[0]

/** DuckDB's layer takes every name for a candidate; here it is known what is meant. */
const withNearest = ({ position, reason, sql }: SqlRefused, nearest: string | undefined): SqlRefused =>
  new SqlRefused({
    reason,
    sql,
    ...position === undefined ? {} : { position },
    ...nearest === undefined ? {} : { nearest }
  })

/** The refusal of a name that is no table among `tables`, which are those of `runs`. */
export const tableRefused = (
  name: string,
  tables: ReadonlyMap<string, NamedTable>,
  runs: ReadonlyArray<RunRecord>
): QueryRefused => {
  const names = mainNames(tables)
  return noTable(name, runs) ?? new QueryRefused({
    reason: `there is no table ${name}`,
    next: `${didYouMean(name, names)}tables: ${names.join(", ") || "none yet"}`
  })
}

/** The column that a refused statement names and that is not there. */
const missingColumn = ({ reason }: SqlRefused): string | undefined =>
  /^Referenced column "(.+)" not found|does not have a column named "(.+)"|^Column "(.+)" in EXCLUDE list not found/su
    .exec(reason)?.slice(1).find((name) => name !== undefined)

/** The refusal of a column that is not there: the nearest, or where none is near what columns there are. */
const columnRefused = (error: SqlRefused, column: string, tables: ReadonlyMap<string, NamedTable>): QueryRefused => {
  const asked = [...mentionedTables(error.sql, tables).values()].map(({ name, table }) => ({
    name,
    columns: table.schema.map((each) => each.name)
  }))
  const nearest = nearestName(column, asked.flatMap(({ columns }) => columns))
  const columnsOf = asked.map(({ columns, name }) => `columns of ${name}: ${columns.join(", ")}`)
  return new QueryRefused({
    reason: withNearest(error, nearest).message,
    next: nearest === undefined ? columnsOf.join("\n  ") : ""
  })
}

/** The refusal of a statement over `tables`, which are those of `runs`. */
export const statementRefused = (
  error: SqlRefused,
  tables: ReadonlyMap<string, NamedTable>,
  runs: ReadonlyArray<RunRecord>
): QueryRefused => {
  const missing = missingTable(error)
  const misread = missing !== undefined || error.reason.startsWith("syntax error")
  const bare = misread ? unquoted(error.sql, tables) : undefined
  if (bare !== undefined) {
    return new QueryRefused({
      reason: (missing === undefined ? error : withNearest(error, undefined)).message,
      next: `a name like ${bare} stands in double quotes, ${quoteName(bare)}, and so the whole statement in single ones`
    })
  }
  if (missing === undefined) {
    const column = missingColumn(error)
    return column === undefined
      ? new QueryRefused({ reason: withNearest(error, undefined).message, next: "" })
      : columnRefused(error, column, tables)
  }
  const names = mainNames(tables)
  return noTable(missing, runs) ?? new QueryRefused({
    reason: withNearest(error, nearestName(missing, names)).message,
    next: `tables: ${names.join(", ") || "none yet"}`
  })
}

/** The refusal of a choice that no run of the cache fits. Shape: `runs` are all of the cache, latest first. */
export const choiceRefused = ({ experiment, run }: Choice, runs: ReadonlyArray<RunRecord>): QueryRefused => {
  if (runs.length === 0) {
    return new QueryRefused({
      reason: "no runs in this cache yet",
      next: "start with: pipeline run experiments/quickstart.ts"
    })
  }
  const experiments = [...new Set(runs.map((each) => each.experiment))]
  if (run === undefined) {
    return new QueryRefused({
      reason: `no run in this cache is of ${experiment}`,
      next: `${didYouMean(experiment ?? "", experiments)}experiments: ${experiments.join(", ")}`
    })
  }
  const known = runs.find((each) => each.run === run)
  if (known !== undefined) {
    return new QueryRefused({
      reason: `the run ${run} is of ${known.experiment}, not of ${experiment}`,
      next: "leave --experiment out"
    })
  }
  const names = runs.map((each) => each.run)
  const more = names.length > runsNamed ? ", …" : ""
  return new QueryRefused({
    reason: `no run in this cache is named ${run}`,
    next: `latest runs: ${names.slice(0, runsNamed).join(", ")}${more}; \`pipeline ls --runs\` lists all`
  })
}
