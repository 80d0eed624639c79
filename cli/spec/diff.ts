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
import { type PresentRun, presentRun } from "../presentRun.ts"
import { diffText, type SpecDiffReport } from "./diffText.ts"
import { flipsBetween } from "./flipsBetween.ts"
import { specNodes, storedClauses } from "./runSpec.ts"
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
    "whose runs are asked what the edit touches, for example experiments/quickstart (default: the latest)"
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
  readonly first: string
  readonly second: string | undefined
  readonly experiment: Option.Option<string>
  readonly samples: number
}

/** Two files where there is no run to ask. */
const comparedAlone = Effect.fnUntraced(function*(first: string, second: string) {
  const diff = specDiff(yield* specClauses(first), yield* specClauses(second))
  return { before: first, after: second, diff } as SpecDiffReport
})

/** Two versions, and what they mean for the run that there is. */
const compared = Effect.fnUntraced(function*({ experiment, first, samples, second }: Asked) {
  if (second !== undefined && Option.isNone(experiment) && (yield* (yield* Store).listRuns()).length === 0) {
    return yield* comparedAlone(first, second)
  }
  const after = yield* specClauses(second ?? first)
  const named = second === undefined ? undefined : yield* specClauses(first)
  const run = yield* presentRun(experiment)
  const edit = { before: named ?? (yield* runClauses(run)), after }
  return {
    before: second === undefined ? `run ${run.record.run}` : first,
    after: second ?? first,
    diff: specDiff(edit.before, edit.after),
    run: yield* onRun(run, edit, samples)
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
      const needsCache = second === undefined || Option.isSome(given.experiment) || Option.isSome(given.cache)
      const report = needsCache || cacheIsThere(given.cache)
        ? yield* Effect.provide(compared({ ...given, second }), existingHere(given.cache))
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
