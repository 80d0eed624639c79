/**
 * The one error of SQL: DuckDB's own words, where in the statement, and the nearest name when one is unknown. Failures
 * of the cache while tables are read are not among them.
 */
import * as Schema from "effect/Schema"

/**
 * DuckDB did not accept a statement, or its result has a type that no table column can hold. `position` counts
 * characters from 0.
 */
export class SqlRefused extends Schema.TaggedError<SqlRefused>()("SqlRefused", {
  reason: Schema.String,
  sql: Schema.String,
  position: Schema.optionalKey(Schema.Int),
  nearest: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const where = this.position === undefined ? "" : `\n${pointAt(this.sql, this.position)}`
    const hint = this.nearest === undefined ? "" : `; did you mean ${this.nearest}?`
    return `${this.reason}${hint}${where}`
  }
}

/** The line of the statement with a caret below the position. */
const pointAt = (sql: string, position: number): string => {
  const start = sql.lastIndexOf("\n", position - 1) + 1
  const end = sql.indexOf("\n", position)
  const label = `line ${sql.slice(0, start).split("\n").length}: `
  const line = sql.slice(start, end < 0 ? undefined : end)
  return `${label}${line}\n${" ".repeat(label.length + position - start)}^`
}

/** What DuckDB says with `errors_as_json`. */
interface DuckError {
  readonly exception_message?: string
  readonly position?: string
  readonly name?: string
}

/** Insertions, deletions and changes of one letter that turn `a` into `b`. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

const nearestName = (name: string | undefined, names: ReadonlyArray<string>): string | undefined => {
  if (name === undefined || names.length === 0) return undefined
  const score = (candidate: string) => distance(name.toLowerCase(), candidate.toLowerCase())
  return names.reduce((best, candidate) => score(candidate) < score(best) ? candidate : best)
}

/** DuckDB counts bytes of UTF-8; carets and editors count characters. */
const characters = (sql: string, bytes: number): number => Buffer.from(sql).subarray(0, bytes).toString("utf8").length

/**
 * The refusal in an exception of DuckDB's, whose message is JSON. `names` are the columns and tables that exist: the
 * candidates that DuckDB gives may be tables of its own.
 */
export const refusedBy = (sql: string, thrown: unknown, names: ReadonlyArray<string>): SqlRefused => {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  let error: DuckError
  try {
    // syntax errors come with words before the JSON
    error = JSON.parse(message.slice(Math.max(0, message.indexOf("{")))) as DuckError
  } catch {
    return new SqlRefused({ reason: message.split("\n")[0]!, sql })
  }
  const nearest = nearestName(error.name, names)
  return new SqlRefused({
    reason: (error.exception_message ?? message).split("\n")[0]!,
    sql,
    ...error.position === undefined ? {} : { position: characters(sql, Number(error.position)) },
    ...nearest === undefined ? {} : { nearest }
  })
}
