/**
 * `pipeline diff RUN RUN`: what differs between two runs; reads the cache only. Whoever knows what a report is made from
 * makes the command with `diffWith`.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunRecord } from "../../cache/Manifest.ts"
import { Store, type StoreFailed } from "../../cache/Store.ts"
import * as Diff from "../Diff.ts"
import { ExperimentInvalid } from "../Error.ts"
import { runNamed, runsOf } from "../history/runNamed.ts"
import { diffText } from "../terminal/diffText.ts"
import { styleFor } from "../terminal/style.ts"
import * as flags from "./flags.ts"
import { cacheHere } from "./here.ts"
import { columnsOf, print, say } from "./output.ts"
import { printJson } from "./printJson.ts"

const before = Argument.String("before").pipe(
  Argument.withDescription(
    "a run as `ls --runs` names it, shortened, or latest~1 (default: the one before the latest)"
  ),
  Argument.optional
)
const after = Argument.String("after").pipe(
  Argument.withDescription("the run to compare it with (default: the latest of the same experiment)"),
  Argument.optional
)
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription("only this experiment's runs, for example experiments/quickstart"),
  Flag.optional
)
const rows = Flag.Int("rows").pipe(
  Flag.filter((value) => value >= 0, (value) => `${value} is no number of rows`),
  Flag.withDescription("rows to name of each kind"),
  Flag.withDefault(3)
)
const all = Flag.Boolean("all").pipe(
  Flag.withDescription("also nodes that are the same, and every metric and file"),
  Flag.withDefault(false)
)

export interface Pair {
  readonly before: RunRecord
  readonly after: RunRecord
}

/** The two runs that are compared. Throws `ExperimentInvalid`. */
const pairOf = (runs: ReadonlyArray<RunRecord>, names: ReadonlyArray<string>): Pair => {
  const [first, second] = names
  if (first !== undefined && second !== undefined) {
    return { before: runNamed(runs, first), after: runNamed(runs, second) }
  }
  if (first === undefined) return { before: runNamed(runs, "latest~1"), after: runNamed(runs, "latest") }
  const named = runNamed(runs, first)
  const own = runs.filter((run) => run.experiment === named.experiment)
  if (own[0] === named) {
    throw new ExperimentInvalid({
      experiment: `run ${first}`,
      reason: `it is the latest run of ${named.experiment}`,
      next: "name a second run, or leave both out to compare the two latest"
    })
  }
  return { before: named, after: own[0]! }
}

/** The latest run before the pair whose results differ from the newer one's: what somebody may have meant. */
const lastOther = (runs: ReadonlyArray<RunRecord>, { after, before }: Pair): RunRecord | undefined => {
  const content = new Map(after.nodes.map(({ label, manifest }) => [label, manifest?.content]))
  return runs.slice(runs.indexOf(before) + 1).find((run) =>
    run.experiment === after.experiment
    && run.nodes.some(({ label, manifest }) => manifest !== undefined && content.get(label) !== manifest.content)
  )
}

/** What somebody has to add of two runs. */
export interface MoreDiff {
  /** Without a line feed at its end; empty: nothing differs. */
  readonly text: string
  /** Beside what the engine says. */
  readonly json: { readonly [name: string]: unknown }
}

export interface DiffOptions {
  readonly more?: (
    pair: Pair,
    runs: ReadonlyArray<RunRecord>,
    width: number
  ) => Effect.Effect<MoreDiff, StoreFailed, Store>
}

export const diffWith = ({ more }: DiffOptions) =>
  Command.make(
    "diff",
    { before, after, experiment, rows, all, cache: flags.cache, json: flags.json },
    (given) =>
      Effect.gen(function*() {
        const store = yield* Store
        const runs = runsOf(yield* store.listRuns(), Option.getOrUndefined(given.experiment))
        const names = [given.before, given.after].flatMap(Option.toArray)
        const pair = yield* Effect.try({
          try: () => pairOf(runs, names),
          catch: (error) => error as ExperimentInvalid
        })
        const made = yield* Diff.diffRuns(pair.before, pair.after, { samples: given.rows })
        const width = columnsOf(process.stdout)
        const added = more === undefined ? undefined : yield* more(pair, runs, width)
        if (given.json) return printJson({ ...made, ...added?.json })
        print(diffText(made, { width, style: styleFor(process.stdout), all: given.all }))
        if (added !== undefined && added.text !== "") print(`\n${added.text}`)
        if (made.settings.length > 0 || made.nodes.some(({ change }) => change !== "same")) return
        const other = lastOther(runs, pair)
        if (other !== undefined) say(`the last run with other results: pipeline diff ${other.run} ${pair.after.run}`)
      }).pipe(Effect.provide(cacheHere(given.cache)))
  ).pipe(Command.withDescription("what differs between two runs: settings, nodes, rows, verdicts, metrics"))

/** As far as the engine knows. */
export const diff = diffWith({})
