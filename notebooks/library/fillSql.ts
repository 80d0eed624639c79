/**
 * A template with values as SQL text, for what people write in notebooks: values become literals wherever they stand,
 * and a place where even a literal would change the statement, inside quotes or a comment, is refused. What the
 * statement means is DuckDB's to say.
 */
import * as Schema from "effect/Schema"
import { quoteText } from "../../cache/duck/connect.ts"
import { quotedPieces } from "../../runtime/query/quotedPieces.ts"

/** What may stand in a template. */
export type SqlValue = string | number | bigint | boolean | null | ReadonlyArray<SqlValue>

/** A value that cannot be a literal, or that stands where a literal would become text of the statement. */
export class SqlValueRefused extends Schema.TaggedError<SqlValueRefused>()("SqlValueRefused", {
  /** Counted from 1. */
  place: Schema.Int,
  reason: Schema.String,
  next: Schema.String
}) {
  override get message() {
    return `value ${this.place} of the statement ${this.reason}; ${this.next}`
  }
}

const literal = (value: SqlValue, place: number): string => {
  if (value === null) return "null"
  switch (typeof value) {
    case "boolean":
    case "bigint":
      return String(value)
    case "number":
      return Number.isFinite(value) ? String(value) : `'${value}'::double`
    case "string":
      // DuckDB takes a statement up to its first NUL.
      return value.includes("\0") ? `(${value.split("\0").map(quoteText).join(" || chr(0) || ")})` : quoteText(value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => literal(item, place)).join(", ")}]`
  const found = value === undefined ? "is undefined" : `is ${Object.prototype.toString.call(value).slice(8, -1)}`
  throw new SqlValueRefused({
    place,
    reason: found,
    next: "give a text, a number, a boolean, null, or a list of these"
  })
}

/** Stands for a value while quotes and comments are looked for: no part of a name, as the space around a literal. */
const gap = "\u0001"

const closed = new RegExp(quotedPieces, "giu")

const checkPlaces = (pieces: ReadonlyArray<string>): void => {
  const joined = pieces.map((piece) => piece.replaceAll(gap, " ")).join(gap)
  for (const { 0: text, index } of joined.matchAll(closed)) {
    // DuckDB ends an outer comment at its own end, which is not looked for here.
    const nested = text.startsWith("/*") && text.indexOf("/*", 2) > 0 && joined.includes(gap, index)
    if (!nested && !text.includes(gap)) continue
    throw new SqlValueRefused({
      place: joined.slice(0, joined.indexOf(gap, index)).split(gap).length,
      reason: text.startsWith("/*") || text.startsWith("--") ? "stands in or after a comment" : "stands between quotes",
      next: "write ${…} by itself, without quotes around it, and outside of comments"
    })
  }
}

/**
 * The statement with its values as literals.
 *
 * **Fails**: throws `SqlValueRefused`.
 */
export const fillSql = (template: ReadonlyArray<string>, values: ReadonlyArray<SqlValue>): string => {
  checkPlaces(template)
  // Spaces around a literal: `x${1}` is no name, `e${"\\"}` no text with escapes, `1 -${-1}` no comment.
  return template.reduce((sql, piece, i) => `${sql} ${literal(values[i - 1]!, i)} ${piece}`)
}
