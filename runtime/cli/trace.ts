/**
 * `pipeline trace [NODE] ROW`: where a row came from and what came of it; reads the cache only. Whoever knows what is in
 * a folder, say which examples trained a checkpoint, makes the command with `traceWith`.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Store } from "../../cache/Store.ts"
import { isLost } from "../../cache/StoreFailed.ts"
import { ExperimentInvalid, ResultLost } from "../Error.ts"
import { type PresentNode, presentNodes } from "../history/presentNodes.ts"
import { runNamed, runsOf } from "../history/runNamed.ts"
import { didYouMean } from "../nearestName.ts"
import { styleFor } from "../terminal/style.ts"
import { traceText } from "../terminal/traceText.ts"
import { type TraceOptions, Tracer } from "../Trace.ts"
import * as flags from "./flags.ts"
import { cacheHere } from "./here.ts"
import { columnsOf, print, say } from "./output.ts"
import { printJson } from "./printJson.ts"

const first = Argument.String("node").pipe(
  Argument.withDescription("the row's node, as `ls` names it; or the row alone, looked for in every table")
)
const second = Argument.String("row").pipe(Argument.withDescription("the row, by its id"), Argument.optional)
const run = Flag.String("run").pipe(
  Flag.withDescription("the run that left it, as `ls --runs` names it (default: the latest)"),
  Flag.optional
)
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment's runs, for example experiments/quickstart"),
  Flag.optional
)
const rows = Flag.Int("rows").pipe(
  Flag.filter((value) => value > 0, (value) => `${value} is no number of rows`),
  Flag.withDescription("rows to show of one node below one row"),
  Flag.withDefault(5)
)

const invalid = (what: string, reason: string, next: string) =>
  new ExperimentInvalid({ experiment: what, reason, next })

const notFound = (nodes: ReadonlyMap<string, PresentNode>, label: string | undefined, name: string) => {
  const tables = [...nodes].flatMap(([each, { node }]) => node.manifest?.kind === "table" ? [each] : [])
  if (label !== undefined && !tables.includes(label)) {
    const reason = nodes.has(label) ? "its result is no table" : "this run has no such node"
    return invalid(label, reason, `${didYouMean(label, tables)}tables: ${tables.join(", ")}`)
  }
  return label === undefined
    ? invalid(
      name,
      "no table of this run has a row of this name",
      "name a row by its id, as `pipeline show NODE` lists them"
    )
    : invalid(`${label} ${name}`, "there is no such row", `\`pipeline show ${label}\` lists its rows`)
}

export const traceWith = (options: Pick<TraceOptions, "movers">) =>
  Command.make(
    "trace",
    { first, second, run, experiment, rows, cache: flags.cache, json: flags.json },
    (given) =>
      Effect.gen(function*() {
        const store = yield* Store
        const all = runsOf(yield* store.listRuns(), Option.getOrUndefined(given.experiment))
        const chosen = yield* Effect.try({
          try: () => runNamed(all, Option.getOrElse(given.run, () => "latest")),
          catch: (error) => error as ExperimentInvalid
        })
        const own = all.filter((each) => each.experiment === chosen.experiment)
        const nodes = presentNodes(own.slice(own.indexOf(chosen)))
        const label = Option.isSome(given.second) ? given.first : undefined
        const name = Option.getOrElse(given.second, () => given.first)
        const tracer = new Tracer(store, { ...options, nodes, run: chosen.run, rows: given.rows })
        const places = yield* tracer.find(label, name)
        const [place] = places
        if (place === undefined) return yield* notFound(nodes, label, name)
        const made = yield* Effect.catchIf(
          tracer.trace(place),
          isLost,
          ({ _tag }) => Effect.fail(new ResultLost({ label: "a table on its way", damaged: _tag === "BlobDamaged" }))
        )
        if (given.json) {
          return printJson(made)
        }
        print(traceText(made, { width: columnsOf(process.stdout), style: styleFor(process.stdout) }))
        if (places.length > 1) {
          say(`also a row of ${places.slice(1).map((each) => each.label).join(", ")}: pipeline trace NODE ${name}`)
        }
      }).pipe(Effect.provide(cacheHere(given.cache)))
  ).pipe(Command.withDescription("where a row came from and what came of it"))

/** Folders are ends. */
export const trace = traceWith({})
