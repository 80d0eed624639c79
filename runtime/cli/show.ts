/**
 * `pipeline show NODE`: the rows or the value of a node's result, the latest or that of a run; one row in full with
 * `--row`.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { FolderManifest, RunNode, RunRecord, TableManifest, ValueManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { isLost } from "../../cache/StoreFailed.ts"
import { ExperimentInvalid, ResultLost } from "../Error.ts"
import { runNamed, runsOf } from "../history/runNamed.ts"
import { StoredTable } from "../history/StoredTable.ts"
import { didYouMean } from "../nearestName.ts"
import * as RunFacts from "../RunFacts.ts"
import { showRow, showRows } from "../terminal/showRows.ts"
import { styleFor } from "../terminal/style.ts"
import * as flags from "./flags.ts"
import { cacheHere } from "./here.ts"
import { columnsOf, print } from "./output.ts"
import { printJson } from "./printJson.ts"

const node = Argument.String("node").pipe(Argument.withDescription("a node, as `ls` names it"))
const row = Flag.String("row").pipe(
  Flag.withDescription("one row in full: its name, or any of its cells"),
  Flag.optional
)
const limit = Flag.Int("limit").pipe(Flag.withDescription("rows to show"), Flag.withDefault(20))
const run = Flag.String("run").pipe(
  Flag.withDescription("the result of this run, as `ls --runs` names it (default: the latest)"),
  Flag.optional
)
const experiment = Flag.String("experiment").pipe(Flag.withDescription("only this experiment's runs"), Flag.optional)

/** The result under this label: of one run, or the newest of these. Throws `ExperimentInvalid`. */
const find = (runs: ReadonlyArray<RunRecord>, label: string, only: RunRecord | undefined): RunNode => {
  const labels = new Set<string>()
  for (const { nodes } of only === undefined ? runs : [only]) {
    for (const each of nodes) {
      labels.add(each.label)
      if (each.label === label && each.manifest !== undefined) return each
    }
  }
  const failed = runs.flatMap(({ nodes }) => nodes).find((each) => each.label === label)
  throw new ExperimentInvalid({
    experiment: label,
    reason: failed === undefined
      ? `no run in this cache has a node with this name`
      : `it has no result; its latest state is ${failed.state}${
        typeof failed["reason"] === "string" ? `: ${failed["reason"].split("\n")[0]}` : ""
      }`,
    next: labels.size === 0
      ? "run an experiment first"
      : failed === undefined
      ? `${didYouMean(label, [...labels])}nodes: ${[...labels].sort().join(", ")}`
      : "run the experiment again; `pipeline log` says what happened"
  })
}

/** The first rows of a table, of as many chunks as hold them. */
const firstRows = Effect.fnUntraced(function*(manifest: TableManifest, most: number) {
  const store = yield* Store
  let rows = 0
  const chunks = manifest.chunks.filter((chunk) => {
    const wanted = rows < most
    rows += chunk.rows
    return wanted
  })
  return yield* store.readTable({ ...manifest, chunks, rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0) })
})

const showTable = Effect.fnUntraced(
  function*(found: RunNode, manifest: TableManifest, limitRows: number, json: boolean) {
    const columns = yield* firstRows(manifest, limitRows)
    const names = manifest.schema.map((column) => column.name)
    if (!json) {
      const { rows } = manifest
      const options = { width: columnsOf(process.stdout), limit: limitRows, style: styleFor(process.stdout) }
      return print(showRows({ names, columns, rows }, options))
    }
    const at = (index: number) => Object.fromEntries(names.map((name) => [name, columns[name]![index]]))
    printJson(Array.from({ length: Math.min(limitRows, manifest.rows) }, (_, index) => at(index)))
  }
)

/** The row of this name, or the first that has it as a cell; -1 where there is none. */
const rowOf = Effect.fnUntraced(function*(table: StoredTable, wanted: string) {
  const named: number = yield* table.rowNamed(wanted)
  if (named >= 0) return named
  for (const { name, type } of table.manifest.schema) {
    if (type.kind === "list" || type.kind === "struct" || type.kind === "binary") continue
    const at = (yield* table.column(name)).findIndex((cell) => String(cell) === wanted)
    if (at >= 0) return at
  }
  return -1
})

const showOne = Effect.fnUntraced(function*(found: RunNode, manifest: TableManifest, wanted: string, json: boolean) {
  const store = yield* Store
  const table = new StoredTable(store, manifest, RunFacts.ofNode(found).id)
  const at = yield* rowOf(table, wanted)
  if (at < 0) {
    return yield* new ExperimentInvalid({
      experiment: found.label,
      reason: `no cell of its ${manifest.rows} rows equals ${wanted}`,
      next: `\`pipeline show ${found.label}\` lists rows with their ids`
    })
  }
  const cells = yield* table.cells(at)
  if (json) return printJson(cells)
  print(showRow(cells, { width: columnsOf(process.stdout), style: styleFor(process.stdout) }))
})

const showFolder = ({ files }: FolderManifest): void =>
  print(files.map((file) => `${file.path}  ${file.bytes} bytes  ${file.blob.slice(0, 8)}`).join("\n"))

export const show = Command.make(
  "show",
  { node, row, limit, run, experiment, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const store = yield* Store
      const runs = runsOf(yield* store.listRuns(), Option.getOrUndefined(given.experiment))
      const found = yield* Effect.try({
        try: () => {
          const only = Option.map(given.run, (name) => runNamed(runs, name))
          return find(runs, given.node, Option.getOrUndefined(only))
        },
        catch: (error) => error as ExperimentInvalid
      })
      const manifest = found.manifest!
      if (manifest.kind === "folder") return showFolder(manifest)
      if (manifest.kind === "table") {
        return yield* Option.isSome(given.row)
          ? showOne(found, manifest, given.row.value, given.json)
          : showTable(found, manifest, given.limit, given.json)
      }
      const value = (yield* store.readValue(manifest as ValueManifest)) as { readonly markdown?: unknown }
      print(!given.json && typeof value?.markdown === "string" ? value.markdown : JSON.stringify(value, undefined, 2))
    }).pipe(
      Effect.catchIf(
        isLost,
        ({ _tag }) => Effect.fail(new ResultLost({ label: given.node, damaged: _tag === "BlobDamaged" }))
      ),
      Effect.provide(cacheHere(given.cache))
    )
).pipe(Command.withDescription("the rows or the value of a node's latest result"))
