/**
 * The statement of an SQL node with its parameters: text, the columns DuckDB's binder says it reads, and the check of
 * its result against the node's output table. Binding costs a DuckDB start, so what a statement binds to is remembered
 * beside the cache, by statement, input schemas and DuckDB version; the memory is derived and may be deleted.
 */
import * as Effect from "effect/Effect"
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { type TableSchema, tableSchema } from "../cache/Columns.ts"
import { digest } from "../cache/Digest.ts"
import { bind } from "../cache/Duck.ts"
import type { SqlDefinition } from "./Definition.ts"
import { PlanRefused } from "./Error.ts"
import * as Query from "./Query.ts"

export interface Statement {
  readonly text: string
  /** Columns read, by port. */
  readonly reads: { readonly [port: string]: ReadonlyArray<string> }
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
  readonly volatile: ReadonlyArray<string>
}

/** DuckDB's version without loading it: its package's. */
const duckVersion = (): string => {
  for (let folder = dirname(fileURLToPath(import.meta.resolve("@duckdb/node-api")));; folder = dirname(folder)) {
    const file = join(folder, "package.json")
    if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")).version
  }
}

type Known = { [digest: string]: Pick<Statement, "reads" | "columns" | "volatile"> }

/** DuckDB's result type for a column kind, and the cast that gives it. */
const duckTypes: { readonly [kind: string]: ReadonlyArray<string> } = {
  string: ["VARCHAR"],
  bool: ["BOOLEAN"],
  int32: ["INTEGER", "SMALLINT", "TINYINT", "UTINYINT", "USMALLINT"],
  int64: ["BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "UTINYINT", "USMALLINT"],
  bigint: ["BIGINT"],
  float64: ["DOUBLE", "FLOAT"],
  binary: ["BLOB"]
}

const checkResult = (label: string, output: TableSchema, found: Statement["columns"]): PlanRefused | undefined => {
  const refused = (reason: string, next: string) => new PlanRefused({ label, reason, next })
  for (const { name, type } of output) {
    const column = found.find((candidate) => candidate.name === name)
    if (column === undefined) {
      return refused(
        `the statement yields no column \`${name}\` (it yields ${found.map((each) => each.name).join(", ")})`,
        `select … as "${name}"`
      )
    }
    const allowed = duckTypes[type.kind]
    if (allowed !== undefined && !allowed.includes(column.type)) {
      return refused(
        `column \`${name}\` is ${column.type}, the output table wants ${type.kind}`,
        `cast it: (…)::${allowed[0]} as "${name}"`
      )
    }
  }
  const extra = found.find((column) => !output.some((each) => each.name === column.name))
  return extra === undefined
    ? undefined
    : refused(`column \`${extra.name}\` is not in the output table`, "leave it out or declare it")
}

export class Statements {
  readonly #file: string
  readonly #known: Known
  readonly #duckVersion = duckVersion()
  readonly #ready = new Map<string, Statement>()

  constructor(file: string) {
    this.#file = file
    let known: Known = {}
    try {
      known = JSON.parse(readFileSync(file, "utf8"))
    } catch {
      // missing or damaged: derived, made anew
    }
    this.#known = known
  }

  /** The bound statement. Fails with `PlanRefused` where DuckDB refuses it or its result does not fit the output table. */
  readonly of = Effect.fnUntraced({ self: this }, function*(label: string, definition: SqlDefinition, params: unknown) {
    const relations = Object.fromEntries(
      Object.entries(definition.inputs).map(([port, table]) => [port, Query.relation(port, table)])
    )
    const text = definition.select(relations, params)["~sql"]
    const schemas = Object.fromEntries(
      Object.entries(definition.inputs).map(([port, table]) => [port, tableSchema(table.columns)])
    )
    const key = digest("statement", { text, schemas, duckVersion: this.#duckVersion })
    const ready = this.#ready.get(key)
    if (ready !== undefined) return ready
    let known = this.#known[key]
    if (known === undefined) {
      const bound = yield* Effect.mapError(
        bind(text, schemas),
        (error) =>
          new PlanRefused({ label, reason: error.message, next: "correct the statement in the node's `select`" })
      )
      known = { reads: bound.reads, columns: bound.columns, volatile: bound.volatile }
      this.#known[key] = known
      this.#save()
    }
    const statement: Statement = { text, ...known }
    if (statement.volatile.length > 0) {
      return yield* new PlanRefused({
        label,
        reason: `the statement calls ${statement.volatile.join(", ")}, whose result changes from run to run`,
        next: "order by a hash of the ids and a seed instead, for example sha256(id || seed)"
      })
    }
    const wrong = checkResult(label, tableSchema(definition.output.columns), statement.columns)
    if (wrong !== undefined) return yield* wrong
    this.#ready.set(key, statement)
    return statement
  })

  #save() {
    try {
      mkdirSync(dirname(this.#file), { recursive: true })
      writeFileSync(`${this.#file}.${process.pid}`, JSON.stringify(this.#known))
      renameSync(`${this.#file}.${process.pid}`, this.#file)
    } catch {
      // a read-only or full cache costs time, not correctness
    }
  }
}
