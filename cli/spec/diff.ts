/**
 * `pipeline spec diff BEFORE AFTER`: what an edit means, clause by clause, and with a cache how many rows it touches and
 * which verdicts it turned. Reads the cache only.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import type { RunRecord } from "../../cache/Manifest.ts"
import { baseOf, Store } from "../../cache/Store.ts"
import { isLost } from "../../cache/StoreFailed.ts"
import { specDiff } from "../../nodes/spec/specDiff.ts"
import { existingHere } from "../../runtime/cli/cacheFolder.ts"
import * as flags from "../../runtime/cli/flags.ts"
import { columnsOf, print } from "../../runtime/cli/output.ts"
import { printJson } from "../../runtime/cli/printJson.ts"
import { ResultLost } from "../../runtime/Error.ts"
import { cacheRootOf, projectRootOf } from "../../runtime/Place.ts"
import { QueryRefused } from "../../runtime/query/QueryRefused.ts"
import { styleFor } from "../../runtime/terminal/style.ts"
import { amongRuns, type PresentRun, presentRun } from "../presentRun.ts"
import { diffText, type SpecDiffReport } from "./diffText.ts"
import { flipsBetween } from "./flipsBetween.ts"
import { specNodes, SpecReader, storedClauses } from "./runSpec.ts"
import { specClauses } from "./specFile.ts"
import { type Edit, touchedRows } from "./touchedRows.ts"

const first = Argument.Path("before").pipe(
  Argument.map(flags.asTyped),
  Argument.withDescription("the earlier version; alone, it is the later one, and the earlier is that of the latest run")
)
const second = Argument.Path("after").pipe(
  Argument.map(flags.asTyped),
  Argument.withDescription("the later version"),
  Argument.optional
)
const experiment = Flag.String("experiment").pipe(
  Flag.withDescription(
    "whose runs are asked what the edit touches, for example experiments/quickstart (default: the one that read either version last)"
  ),
  Flag.optional
)
const samples = Flag.Int("samples").pipe(
  Flag.filter((value) => value >= 0, (value) => `${value} is no number of samples`),
  Flag.withDescription("turned verdicts to show of each clause"),
  Flag.withDefault(3)
)

/** What the edit means for the run. */
const onRun = Effect.fnUntraced(function*(run: PresentRun, edit: Edit, most: number) {
  const { experiment, run: name } = run.record
  const touched = yield* touchedRows(run, edit)
  return { experiment, run: name, touched, flips: yield* flipsBetween(run.runs, edit, most) }
})

/** The clauses that the latest run had. */
const runClauses = Effect.fnUntraced(function*(run: PresentRun) {
  const [manifest] = specNodes(run.nodes.values()).values()
  if (manifest === undefined) {
    return yield* new QueryRefused({
      reason: `${run.record.experiment} has loaded no specification in its latest run`,
      next: "name two files, or another --experiment"
    })
  }
  return yield* storedClauses(manifest)
})

interface Asked {
  readonly experiment: Option.Option<string>
  readonly samples: number
}

/** Two files where there is no run to ask. */
const comparedAlone = Effect.fnUntraced(function*(before: string, after: string) {
  return { before, after, diff: specDiff(yield* specClauses(before), yield* specClauses(after)) } as SpecDiffReport
})

/** A file and what the latest run read. */
const comparedWithRun = Effect.fnUntraced(function*(file: string, { experiment, samples }: Asked) {
  const after = yield* specClauses(file)
  const run = yield* presentRun(experiment)
  const edit = { before: yield* runClauses(run), after }
  return {
    before: `run ${run.record.run}`,
    after: file,
    diff: specDiff(edit.before, after),
    run: yield* onRun(run, edit, samples)
  } as SpecDiffReport
})

/** The run to ask about two files: of an experiment that read both if there is one, else the latest that read either. */
const runOf = Effect.fnUntraced(function*(all: ReadonlyArray<RunRecord>, { after, before }: Edit) {
  const specs = new SpecReader()
  for (const own of Map.groupBy(all, ({ experiment }) => experiment).values()) {
    const was = yield* specs.latestWith(own, [before])
    const is = was === undefined ? undefined : yield* specs.latestWith(own, [after])
    if (was !== undefined && is !== undefined) return own.indexOf(was) < own.indexOf(is) ? was : is
  }
  return yield* specs.latestWith(all, [before, after])
})

/** Two files, and what their difference means for a run; of an experiment that is named, for its latest. */
const comparedBoth = Effect.fnUntraced(function*(before: string, after: string, { experiment, samples }: Asked) {
  const edit = { before: yield* specClauses(before), after: yield* specClauses(after) }
  const all = yield* (yield* Store).listRuns()
  const reading = yield* runOf(all, edit)
  const run = Option.isSome(experiment)
    ? yield* presentRun(experiment)
    : reading === undefined
    ? undefined
    : amongRuns(reading, all)
  return {
    before,
    after,
    diff: specDiff(edit.before, edit.after),
    ...(run === undefined ? {} : { run: yield* onRun(run, edit, samples) })
  } as SpecDiffReport
})

const cacheIsThere = (asked: Option.Option<string>): boolean =>
  existsSync(
    baseOf(cacheRootOf(projectRootOf(process.cwd()), Option.getOrUndefined(asked), process.env["PIPELINE_CACHE"]))
  )

export const diff = Command.make(
  "diff",
  { first, second, experiment, samples, cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const second = Option.getOrUndefined(given.second)
      const needsCache = Option.isSome(given.experiment) || Option.isSome(given.cache) || cacheIsThere(given.cache)
      const report = second === undefined
        ? yield* Effect.provide(comparedWithRun(given.first, given), existingHere(given.cache))
        : needsCache
        ? yield* Effect.provide(comparedBoth(given.first, second, given), existingHere(given.cache))
        : yield* comparedAlone(given.first, second)
      if (given.json) return printJson(report)
      print(diffText(report, { width: columnsOf(process.stdout), style: styleFor(process.stdout) }))
    }).pipe(
      Effect.catchIf(isLost, ({ _tag }) =>
        Effect.fail(new ResultLost({ label: "a table that the edit touches", damaged: _tag === "BlobDamaged" })))
    )
).pipe(
  Command.withDescription(
    "what an edit changes, clause by clause, how many rows it touches and what verdicts it turned"
  )
)
