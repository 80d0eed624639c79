/**
 * SQL text with typed columns: what an author writes inside `Node.sql`. Interpolating a column quotes it and misspelling
 * it does not compile; a number or a string becomes a literal. Whether the whole statement is right is DuckDB's binder's
 * to say, at plan time.
 */
import type { Table } from "./Type.ts"

/** A piece of SQL. The property's name cannot be a column's, since a relation carries both. */
export interface Query {
  readonly "~sql": string
}

/** A column of an input table; `A` is what one cell decodes to. */
export interface Column<out A> extends Query {
  readonly "~column"?: A
}

/** An input table inside a query: itself in `from`, its columns anywhere. */
export type Relation<T> = T extends Table<infer F> ? Query & { readonly [C in keyof F]: Column<F[C]["Type"]> } : never
export type Relations<I> = { readonly [K in keyof I]: Relation<I[K]> }

type Part = Query | number | string | boolean | ReadonlyArray<string>

const quoteName = (name: string) => `"${name.replaceAll("\"", "\"\"")}"`
const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`

const render = (part: Part): string => {
  if (typeof part === "string") return quoteText(part)
  if (typeof part === "boolean") return part ? "true" : "false"
  if (typeof part === "number") {
    if (!Number.isFinite(part)) throw new TypeError(`SQL has no literal for ${part}`)
    return part < 0 ? `(${part})` : String(part) // after a minus, `--1` would be a comment
  }
  return "~sql" in part ? part["~sql"] : `[${part.map(quoteText).join(", ")}]::varchar[]`
}

/** Builds a query from a template, taken raw, so that `\b` in a pattern stays `\b`; strings become literals, never SQL text. */
export const query = (template: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Query => ({
  "~sql": template.raw.reduce((text, piece, index) => text + render(parts[index - 1]!) + piece)
})

/** The relation of one port, as `select` receives it. */
export const relation = (port: string, table: { readonly columns: object }): Query =>
  Object.assign(
    Object.fromEntries(
      Object.keys(table.columns).map((column) => [column, { "~sql": `${quoteName(port)}.${quoteName(column)}` }])
    ),
    { "~sql": quoteName(port) }
  )
