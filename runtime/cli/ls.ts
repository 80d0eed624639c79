/**
 * `pipeline ls`: the nodes of the latest runs, or all runs and what became of them; reads the cache only, so it works
 * while a run is writing.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunNode, RunRecord } from "../../cache/Manifest.ts"
import * as CacheStore from "../../cache/Store.ts"
import { runsOf } from "../history/runNamed.ts"
import * as RunFacts from "../RunFacts.ts"
import { counted, duration } from "../terminal/format.ts"
import { type Style, styleFor, type Tone } from "../terminal/style.ts"
import { table } from "../terminal/table.ts"
import * as flags from "./flags.ts"
import { cacheHere } from "./here.ts"
import { columnsOf, print } from "./output.ts"

const runs = Flag.Boolean("runs").pipe(Flag.withDescription("runs instead of nodes"), Flag.withDefault(false))
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment, for example experiments/quickstart"),
  Flag.optional
)

const tones: { readonly [state: string]: Tone } = {
  ok: "good",
  ran: "good",
  failed: "bad",
  killed: "bad",
  stopped: "warning",
  unfinished: "warning",
  running: "strong",
  skipped: "dim",
  fresh: "dim"
}

const toned = (style: Style, state: string, text = state): string => {
  const tone = tones[state]
  return tone === undefined ? text : style(tone, text)
}

/** What a node left; of one that failed, why. */
const resultText = ({ because, manifest, reason }: RunNode): string => {
  if (typeof reason === "string") return reason.split("\n")[0]!
  if (typeof because === "string") return `because of ${because}`
  if (manifest === undefined) return ""
  if (manifest.kind === "table") return counted(manifest.rows, "row")
  return manifest.kind === "folder" ? counted(manifest.files.length, "file") : "value"
}

/** Nodes by what became of them: `31 ran, 23 fresh`. */
const nodesText = ({ nodes }: RunRecord): string => {
  const states = new Map<string, number>()
  for (const { state } of nodes) states.set(state, (states.get(state) ?? 0) + 1)
  return [...states].sort(([a], [b]) => (a < b ? 1 : -1)).map(([state, number]) => `${number} ${state}`).join(", ")
}

const timeText = ({ finishedAt, startedAt }: RunRecord): string =>
  finishedAt === undefined ? "" : duration(Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000)

const runsText = (records: ReadonlyArray<RunRecord>, width: number, style: Style): string => {
  const states = records.map(RunFacts.stateOf)
  return table({
    columns: [
      { header: "RUN", min: 20 },
      { header: "EXPERIMENT", min: 16, cut: "middle", drop: 2 },
      { header: "STATE" },
      { header: "TIME", align: "right", drop: 1 },
      { header: "NODES", min: 10 }
    ],
    rows: records.map((run, index) => [run.run, run.experiment, states[index]!, timeText(run), nodesText(run)])
  }, {
    width,
    style: (text, { column, row }) =>
      row < 0 ? style("strong", text) : column === 2 ? toned(style, states[row]!, text) : text
  }).join("\n")
}

const nodesOf = (run: RunRecord, width: number, style: Style): string => {
  const state = RunFacts.stateOf(run)
  const stop = RunFacts.stopOf(run)
  const head = `${run.experiment}  ${run.run}  ${toned(style, state)}${stop === undefined ? "" : ` (${stop.text})`}`
  const lines = table({
    columns: [{ header: "NODE", min: 14, cut: "middle" }, { header: "STATE" }, { header: "RESULT", min: 10 }, {
      header: "KEY",
      drop: 1
    }],
    rows: run.nodes.map((node) => [node.label, node.state, resultText(node), node.key?.slice(0, 8) ?? ""])
  }, {
    width,
    style: (text, { column, row }) =>
      row < 0 ? style("strong", text) : column === 1 ? toned(style, run.nodes[row]!.state, text) : text
  })
  return [head, ...lines].join("\n")
}

export const ls = Command.make(
  "ls",
  { runs, experiment, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const store = yield* CacheStore.Store
      const all = runsOf(yield* store.listRuns(), Option.getOrUndefined(given.experiment))
      const [width, style] = [columnsOf(process.stdout), styleFor(process.stdout)]
      const withState = (run: RunRecord) => ({ ...run, state: RunFacts.stateOf(run) })
      if (given.runs && given.json) {
        return print(
          JSON.stringify(all.map(({ nodes, ...run }) => ({ ...withState({ ...run, nodes }), nodes: nodes.length })))
        )
      }
      const latest = [...new Map([...all].reverse().map((run) => [run.experiment, run])).values()].reverse()
      if (given.json) return print(JSON.stringify(latest.map(withState)))
      if (latest.length === 0) {
        return print("no runs in this cache yet; start with: pipeline run experiments/quickstart.ts")
      }
      if (given.runs) return print(runsText(all, width, style))
      print(latest.map((run) => nodesOf(run, width, style)).join("\n"))
    }).pipe(Effect.provide(cacheHere(given.cache)))
).pipe(Command.withDescription("what the cache holds: nodes of the latest runs"))
