/**
 * The statement of an SQL node with its parameters: text, the columns DuckDB's binder says it reads, and the check of
 * its result against the node's output table. Binding costs a DuckDB start, so what a statement binds to is remembered
 * beside the cache, by statement, input schemas and DuckDB version; the memory is derived and may be deleted.
 */
import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { type TableSchema, tableSchema } from "../cache/Columns.ts"
import { digest } from "../cache/Digest.ts"
import { bind } from "../cache/Duck.ts"
import type { SqlDefinition } from "./Definition.ts"
import * as DerivedFile from "./DerivedFile.ts"
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

type Bound = Pick<Statement, "reads" | "columns" | "volatile">
type Known = { [digest: string]: Bound }

/** Names the form of the file of bound statements. */
const format = "statements 1"

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

const checkStatement = (
  label: string,
  definition: SqlDefinition,
  { columns, volatile }: Statement
): PlanRefused | undefined =>
  volatile.length === 0
    ? checkResult(label, tableSchema(definition.output.columns), columns)
    : new PlanRefused({
      label,
      reason: `the statement calls ${volatile.join(", ")}, whose result changes from run to run`,
      next: "order by a hash of the ids and a seed instead, for example sha256(id || seed)"
    })

/** What a definition's statements are written over. */
interface Tables {
  readonly relations: { readonly [port: string]: unknown }
  readonly schemas: { readonly [port: string]: TableSchema }
}

const tablesOf = ({ inputs }: SqlDefinition): Tables => {
  const each = <A>(make: (port: string, table: SqlDefinition["inputs"][string]) => A) =>
    Object.fromEntries(Object.entries(inputs).map(([port, table]) => [port, make(port, table)]))
  return { relations: each(Query.relation), schemas: each((_, table) => tableSchema(table.columns)) }
}

export class Statements {
  readonly #file: string
  readonly #tables = new Map<SqlDefinition, Tables>()
  /** Statements that were found sound, by definition and text. */
  readonly #ready = new Map<SqlDefinition, Map<string, Statement>>()
  #known: Known | undefined
  #duckVersion: string | undefined

  /** `file`: where what statements bind to is remembered; read when the first SQL node asks. */
  constructor(file: string) {
    this.#file = file
  }

  /**
   * The bound statement. Fails with `PlanRefused` where `select` throws, where DuckDB refuses the statement, and where its
   * result does not fit the output table.
   */
  readonly of = Effect.fnUntraced({ self: this }, function*(label: string, definition: SqlDefinition, params: unknown) {
    const text = yield* Effect.try({
      try: () => this.#text(definition, params),
      catch: (error) =>
        new PlanRefused({
          label,
          reason: `its \`select\` failed: ${String((error as Error)?.message ?? error)}`,
          next: "`select` may only put a statement together from the tables and parameters it is given"
        })
    })
    const ready = this.#ready.get(definition)?.get(text)
    if (ready !== undefined) return ready
    const { schemas } = this.#tablesOf(definition)
    const key = digest("statement", { text, schemas, duckVersion: this.#duckVersion ??= duckVersion() })
    const known = this.#bound[key] ?? (yield* this.#bind(label, text, schemas, key))
    const statement: Statement = { text, ...known }
    const wrong = checkStatement(label, definition, statement)
    if (wrong !== undefined) return yield* wrong
    const others = this.#ready.get(definition)
    if (others === undefined) this.#ready.set(definition, new Map([[text, statement]]))
    else others.set(text, statement)
    return statement
  })

  /** The statement, if `of` has given it before. */
  peek(definition: SqlDefinition, params: unknown): Statement | undefined {
    const ready = this.#ready.get(definition)
    try {
      return ready?.get(this.#text(definition, params))
    } catch {
      // `of` says what is wrong
      return undefined
    }
  }

  #text(definition: SqlDefinition, params: unknown): string {
    return definition.select(this.#tablesOf(definition).relations, params)["~sql"]
  }

  #tablesOf(definition: SqlDefinition): Tables {
    const known = this.#tables.get(definition)
    if (known !== undefined) return known
    const tables = tablesOf(definition)
    this.#tables.set(definition, tables)
    return tables
  }

  readonly #bind = Effect.fnUntraced(
    { self: this },
    function*(label: string, text: string, schemas: Tables["schemas"], key: string) {
      const bound = yield* Effect.mapError(
        bind(text, schemas),
        (error) =>
          new PlanRefused({ label, reason: error.message, next: "correct the statement in the node's `select`" })
      )
      const known: Bound = { reads: bound.reads, columns: bound.columns, volatile: bound.volatile }
      this.#bound[key] = known
      this.#save()
      return known
    }
  )

  get #bound(): Known {
    return this.#known ??= JSON.parse(DerivedFile.read(this.#file, format) ?? "{}") as Known
  }

  #save() {
    try {
      DerivedFile.write(this.#file, format, JSON.stringify(this.#bound))
    } catch {
      // a read-only or full cache costs time, not correctness
    }
  }
}
