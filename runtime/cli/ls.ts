/**
 * `pipeline ls`: the nodes of the latest runs, or all runs; reads the cache only, so it works while a run is writing.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunRecord } from "../../cache/Manifest.ts"
import * as CacheStore from "../../cache/Store.ts"
import { table } from "../terminal/table.ts"
import * as flags from "./flags.ts"
import { columnsOf, print } from "./output.ts"
import { cacheHere } from "./here.ts"

const runs = Flag.Boolean("runs").pipe(Flag.withDescription("runs instead of nodes"), Flag.withDefault(false))
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment, for example experiments/quickstart"),
  Flag.optional
)

const size = (node: RunRecord["nodes"][number]): string => {
  const { manifest } = node
  if (manifest === undefined) return ""
  return manifest.kind === "table"
    ? `${manifest.rows} rows`
    : manifest.kind === "folder"
    ? `${manifest.files.length} files`
    : "value"
}

export const ls = Command.make(
  "ls",
  { runs, experiment, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const store = yield* CacheStore.Store
      const all = (yield* store.listRuns()).filter((run) =>
        Option.isNone(given.experiment) || run.experiment === given.experiment.value
      )
      const width = columnsOf(process.stdout)
      if (given.runs) {
        if (given.json) return print(JSON.stringify(all.map(({ nodes, ...run }) => ({ ...run, nodes: nodes.length }))))
        return print(
          table({
            columns: [{ header: "RUN" }, { header: "EXPERIMENT" }, { header: "STATE" }, {
              header: "NODES",
              align: "right"
            }],
            rows: all.map((
              run
            ) => [
              run.run,
              run.experiment,
              run.finishedAt === undefined ? "unfinished" : run.ok === true ? "ok" : "failed",
              String(run.nodes.length)
            ])
          }, { width }).join("\n")
        )
      }
      const latest = [...new Map([...all].reverse().map((run) => [run.experiment, run])).values()].reverse()
      if (given.json) return print(JSON.stringify(latest))
      if (latest.length === 0) {
        return print("no runs in this cache yet; start with: pipeline run experiments/quickstart.ts")
      }
      for (const run of latest) {
        print(
          `${run.experiment}  ${run.run}  ${
            run.finishedAt === undefined ? "unfinished" : run.ok === true ? "ok" : "failed"
          }`
        )
        print(
          table({
            columns: [{ header: "NODE" }, { header: "STATE" }, { header: "RESULT", align: "right" }, { header: "KEY" }],
            rows: run.nodes.map((node) => [node.label, node.state, size(node), node.key?.slice(0, 8) ?? ""])
          }, { width }).join("\n")
        )
      }
    }).pipe(Effect.provide(cacheHere(given.cache)))
).pipe(Command.withDescription("what the cache holds: nodes of the latest runs"))
