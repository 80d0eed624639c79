/**
 * `pipeline show NODE`: the rows or the value of a node's latest result; one row in full with `--row`.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunNode, TableManifest, ValueManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { isLost } from "../../cache/StoreFailed.ts"
import { ExperimentInvalid, ResultLost } from "../Error.ts"
import { showRow, showRows } from "../terminal/showRows.ts"
import { styleFor } from "../terminal/style.ts"
import * as flags from "./flags.ts"
import { cacheHere } from "./here.ts"
import { columnsOf, print } from "./output.ts"

const node = Argument.String("node").pipe(Argument.withDescription("a node, as `ls` names it"))
const row = Flag.String("row").pipe(Flag.withDescription("one row in full: any of its id cells"), Flag.optional)
const limit = Flag.Int("limit").pipe(Flag.withDescription("rows to show"), Flag.withDefault(20))
const experiment = Flag.String("experiment").pipe(Flag.withDescription("only this experiment's runs"), Flag.optional)

/** The newest result under this label. */
const find = Effect.fnUntraced(function*(label: string, only: string | undefined) {
  const store = yield* Store
  const labels = new Set<string>()
  for (const run of yield* store.listRuns()) {
    if (only !== undefined && run.experiment !== only) continue
    for (const each of run.nodes) {
      labels.add(each.label)
      if (each.label === label && each.manifest !== undefined) return each
    }
  }
  return yield* new ExperimentInvalid({
    experiment: label,
    reason: "no run in this cache has a result of a node with this name",
    next: labels.size === 0 ? "run an experiment first" : `nodes: ${[...labels].sort().join(", ")}`
  })
})

const showTable = Effect.fnUntraced(
  function*(found: RunNode, manifest: TableManifest, wanted: string | undefined, limitRows: number, json: boolean) {
    const store = yield* Store
    const columns = yield* store.readTable(manifest)
    const names = manifest.schema.map((column) => column.name)
    const at = (index: number) => Object.fromEntries(names.map((name) => [name, columns[name]![index]]))
    if (wanted === undefined) {
      const shown = Math.min(limitRows, manifest.rows)
      if (json) return print(JSON.stringify(Array.from({ length: shown }, (_, index) => at(index))))
      return print(
        showRows({ names, columns, rows: manifest.rows }, {
          width: columnsOf(process.stdout),
          limit: limitRows,
          style: styleFor(process.stdout)
        })
      )
    }
    const index = Array.from({ length: manifest.rows }).findIndex((_, each) =>
      names.some((name) => columns[name]![each] === wanted)
    )
    if (index < 0) {
      return yield* new ExperimentInvalid({
        experiment: found.label,
        reason: `no cell of its ${manifest.rows} rows equals ${wanted}`,
        next: `\`pipeline show ${found.label}\` lists rows with their ids`
      })
    }
    print(
      json
        ? JSON.stringify(at(index))
        : showRow(at(index), { width: columnsOf(process.stdout), style: styleFor(process.stdout) })
    )
  }
)

export const show = Command.make(
  "show",
  { node, row, limit, experiment, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const store = yield* Store
      const found = yield* find(given.node, Option.getOrUndefined(given.experiment))
      const manifest = found.manifest!
      if (manifest.kind === "table") {
        return yield* showTable(
          found,
          manifest as TableManifest,
          Option.getOrUndefined(given.row),
          given.limit,
          given.json
        )
      }
      if (manifest.kind === "folder") {
        return print(
          manifest.files.map((file) => `${file.path}  ${file.bytes} bytes  ${file.blob.slice(0, 8)}`).join("\n")
        )
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
