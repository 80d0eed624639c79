/** Two small tables for the tests of SQL, with nulls, a list and a struct. Left to the tests: the statements. */
import type { Cell, ColumnType, TableSchema } from "../../../cache/Columns.ts"
import * as Duck from "../../../cache/Duck.ts"

export type Columns = Readonly<Record<string, ReadonlyArray<Cell>>>

export const flat = (kind: "string" | "bool" | "int32" | "int64" | "bigint" | "float64" | "binary"): ColumnType => ({
  kind,
  nullable: true
})
export const list = (item: ColumnType): ColumnType => ({ kind: "list", nullable: true, item })
export const struct = (fields: Readonly<Record<string, ColumnType>>): ColumnType => ({
  kind: "struct",
  nullable: true,
  fields: schemaOf(fields)
})
export const schemaOf = (columns: Readonly<Record<string, ColumnType>>): TableSchema =>
  Object.entries(columns).map(([name, type]) => ({ name, type }))

export const answer = schemaOf({
  id: flat("string"),
  prompt: flat("string"),
  score: flat("float64"),
  tokens: flat("int64"),
  tags: list(flat("string")),
  usage: struct({ input: flat("int64"), output: flat("int64") })
})
export const verdict = schemaOf({ id: flat("string"), label: flat("string"), weight: flat("float64") })
export const schemas = { answer, verdict }

export const answers: Columns = {
  id: ["a", "b", "c", "d"],
  prompt: ["one", "two", null, "two"],
  score: [0.5, null, 0.25, 1],
  tokens: [3, 1, 2, 4],
  tags: [["x", null], [], null, ["y"]],
  usage: [{ input: 1, output: 2 }, null, { input: null, output: 4 }, { input: 5, output: 6 }]
}
export const verdicts: Columns = { id: ["a", "c", "e"], label: ["safe", "unsafe", "safe"], weight: [1, 2, 3] }
export const tables = { answer: Duck.fromColumns(answer, answers, 4), verdict: Duck.fromColumns(verdict, verdicts, 3) }
