/**
 * The cache of a project, opened for reading: what a notebook starts with. Every call looks at the cache anew and takes
 * no lock, so that it works while a run is writing; nothing is written but what the cache mends itself.
 *
 *     const cache = await open()
 *     await show(await cache.sql`select verdict, count(*) as rows from critique group by all`)
 */
import type { Table } from "apache-arrow"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Buffer } from "node:buffer"
import { existsSync } from "node:fs"
import { join } from "node:path"
import process from "node:process"
import { decodeColumn } from "../../cache/ColumnData.ts"
import type { Cell } from "../../cache/Columns.ts"
import type { Manifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { cacheRootOf, projectRootOf } from "../../runtime/Place.ts"
import { chosenRuns } from "../../runtime/query/chosenRuns.ts"
import { existingCache } from "../../runtime/query/existingCache.ts"
import { arrow } from "../../runtime/query/formats.ts"
import { latestNodes } from "../../runtime/query/latestNodes.ts"
import { tableRefused } from "../../runtime/query/refusal.ts"
import { type NamedTable, tablesByName } from "../../runtime/query/tablesByName.ts"
import { fillSql, type SqlValue } from "./fillSql.ts"
import { columnsOf, type Row, rowsOf, sql } from "./sql.ts"

export type { Row, SqlValue }

/** The notebook is in no project, so there is no cache to look for. */
export class ProjectMissing extends Schema.TaggedError<ProjectMissing>()("ProjectMissing", { folder: Schema.String }) {
  override get message() {
    return `${this.folder} is in no project: no folder at or above it has a package.json\n`
      + "  open the notebook from within a project, or name a cache: open({ cache }) or PIPELINE_CACHE"
  }
}

/** No node of the cache has a result of this kind under this label. */
export class ResultMissing extends Schema.TaggedError<ResultMissing>()("ResultMissing", {
  label: Schema.String,
  wanted: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `no node of this cache has ${this.wanted} as ${this.label}; there are: ${
      this.known.join(", ") || "none yet"
    }`
  }
}

export interface OpenOptions {
  /** The cache's folder; `PIPELINE_CACHE`, else `.pipeline/` of the project, unless told. */
  readonly cache?: string
  /** Only results of this experiment, for example `experiments/quickstart`; of all unless told. */
  readonly experiment?: string
}

/** What the latest run of an experiment left of one node. */
export interface NodeRow {
  readonly experiment: string
  readonly label: string
  readonly state: string
  /** `table`, `value` or `folder`. */
  readonly kind: string
  /** Of a table, else null. */
  readonly rows: number | null
  readonly run: string
}

/** A table that `sql` and `table` know. */
export interface TableRow {
  readonly name: string
  readonly rows: number
  readonly columns: ReadonlyArray<string>
}

/** An opened cache. Every promise may also reject with `StoreFailed`. */
export interface Cache {
  readonly folder: string
  /** As it was opened. */
  readonly experiment: string | undefined
  /** Nodes of the latest run of each experiment; one that is unfinished is completed by those before it. */
  readonly nodes: () => Promise<ReadonlyArray<NodeRow>>
  /** The names that SQL knows: labels, labels with `@before`, and the bare names of sweeps. */
  readonly tables: () => Promise<ReadonlyArray<TableRow>>
  readonly has: (table: string) => Promise<boolean>
  /** All rows of a table. `R` is what the caller knows of them. Rejects with `QueryRefused`. */
  readonly table: <R = Row>(name: string) => Promise<ReadonlyArray<R>>
  /** The value of a node, for example a report. Rejects with `ResultMissing`. */
  readonly value: <A = unknown>(label: string) => Promise<A>
  /** The text of a file in a node's folder, for example `training.json` of a checkpoint. Rejects with `ResultMissing`. */
  readonly file: (label: string, path: string) => Promise<string>
  /**
   * The rows of a SELECT, taken as it is written: a backslash is a backslash. Values become literals. Names with `:` or
   * `[` want double quotes: `"scores:base"`. Rejects with `QueryRefused`, `SqlValueRefused`.
   */
  readonly sql: <R = Row>(
    template: TemplateStringsArray,
    ...values: ReadonlyArray<SqlValue>
  ) => Promise<ReadonlyArray<R>>
  /** What `sql` gives, as an Arrow table: for many rows, and for libraries that compute on columns. */
  readonly arrow: (template: TemplateStringsArray, ...values: ReadonlyArray<SqlValue>) => Promise<Table>
}

/**
 * The cache's folder. **Fails**: throws `ProjectMissing` where none is named and the working directory is in no project.
 */
export const placeOf = (cache: string | undefined): string => {
  const projectRoot = projectRootOf(process.cwd())
  const named = cache ?? process.env["PIPELINE_CACHE"]
  if (named === undefined && !existsSync(join(projectRoot, "package.json"))) {
    throw new ProjectMissing({ folder: process.cwd() })
  }
  return cacheRootOf(projectRoot, cache, process.env["PIPELINE_CACHE"])
}

const readAll = Effect.fnUntraced(function*({ table }: NamedTable) {
  const names = table.schema.map((column) => column.name)
  const cells = names.map((): Array<Cell> => [])
  for (let chunk = 0; chunk < table.chunks; chunk++) {
    const { columns } = yield* table.readChunk(chunk, names)
    columns.forEach((data, i) => decodeColumn(data, cells[i]))
  }
  return rowsOf(names, Object.fromEntries(names.map((name, i) => [name, cells[i]!])), cells[0]?.length ?? 0)
})

/**
 * Opens the cache of the project at or above the working directory.
 *
 * **Fails**: rejects with `ProjectMissing`, `CacheMissing`, and with `StoreFailed` for a cache that cannot be read.
 */
export const open = async ({ cache, experiment }: OpenOptions = {}): Promise<Cache> => {
  const folder = placeOf(cache)
  const store = await Effect.runPromise(Effect.provide(Store, existingCache(folder)))
  const chosen = async () => chosenRuns(await Effect.runPromise(store.listRuns()), { experiment })
  const latest = async () => latestNodes(await chosen())
  const named = async () => tablesByName(store, await latest())
  /** A statement as it is asked of the cache. */
  const asked = async (template: TemplateStringsArray, values: ReadonlyArray<SqlValue>) => {
    const statement = fillSql(template.raw, values)
    const runs = await chosen()
    return [statement, tablesByName(store, latestNodes(runs)), runs] as const
  }
  const result = async <K extends Manifest["kind"]>(label: string, kind: K, wanted: string) => {
    const nodes = (await latest()).filter(({ manifest }) => manifest.kind === kind)
    const found = nodes.find((node) => node.label === label)
    if (found === undefined) throw new ResultMissing({ label, wanted, known: nodes.map((node) => node.label) })
    return found.manifest as Extract<Manifest, { readonly kind: K }>
  }
  return {
    folder,
    experiment,
    nodes: async () =>
      (await latest()).map(({ experiment, label, manifest, run, state }) => ({
        experiment,
        label,
        state,
        kind: manifest.kind,
        rows: manifest.kind === "table" ? manifest.rows : null,
        run
      })),
    tables: async () =>
      [...(await named()).values()].map(({ name, rows, table }) => ({
        name,
        rows,
        columns: table.schema.map((column) => column.name)
      })),
    has: async (table) => (await named()).has(table.toLowerCase()),
    table: async <R>(name: string) => {
      const runs = await chosen()
      const tables = tablesByName(store, latestNodes(runs))
      const found = tables.get(name.toLowerCase())
      if (found === undefined) throw tableRefused(name, tables, runs)
      return await Effect.runPromise(readAll(found)) as ReadonlyArray<unknown> as ReadonlyArray<R>
    },
    value: async <A>(label: string) =>
      await Effect.runPromise(store.readValue(await result(label, "value", "a value"))) as A,
    file: async (label, path) => {
      const { files } = await result(label, "folder", "a folder")
      const found = files.find((file) => file.path === path)
      const known = files.map((file) => file.path)
      if (found === undefined) throw new ResultMissing({ label: `${label}/${path}`, wanted: "a file", known })
      return Buffer.from(await Effect.runPromise(store.readBlob(found.blob))).toString("utf8")
    },
    arrow: async (template, ...values) => {
      const [{ tableFromIPC }, statement] = await Promise.all([import("apache-arrow"), asked(template, values)])
      const answer = await Effect.runPromise(columnsOf(...statement))
      return tableFromIPC(await Effect.runPromise(Stream.runCollect(arrow(Stream.make(answer)))))
    },
    sql: async <R>(template: TemplateStringsArray, ...values: ReadonlyArray<SqlValue>) => {
      const rows = await Effect.runPromise(sql(...await asked(template, values)))
      return rows as ReadonlyArray<unknown> as ReadonlyArray<R>
    }
  }
}
