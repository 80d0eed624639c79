/**
 * `pipeline diff` as the method has it: to what the engine says, the headline rates that differ between the reports of
 * the two runs, each change with its interval.
 */
import * as Effect from "effect/Effect"
import type { RunRecord } from "../cache/Manifest.ts"
import { percent, points, pointsRange } from "../nodes/report/formatShare.ts"
import { type RateChange, rateChanges } from "../nodes/report/reportDiff.ts"
import { diffWith, type MoreDiff, type Pair } from "../runtime/cli/diff.ts"
import { table } from "../runtime/terminal/table.ts"
import { wrap } from "../runtime/terminal/text.ts"
import { amongRuns, type PresentRun } from "./presentRun.ts"
import { reportNode } from "./report/reportNode.ts"

/** A report of both runs that gives some rate differently. */
interface ReportChanges {
  readonly report: string
  readonly rates: ReadonlyArray<RateChange>
}

const right = (header: string) => ({ header, align: "right" as const })

const changesText = ({ rates, report }: ReportChanges, several: boolean, width: number): string =>
  [
    ...wrap(
      `rates${
        several ? ` of ${report}` : ""
      }, percent; change with the 95 % interval of the difference (Newcombe), as if the `
        + "answers were independent samples, not corrected for the number of comparisons",
      width
    ),
    ...table({
      columns: [{ header: "MEASURE" }, { header: "ARM" }, right("BEFORE"), right("NOW"), { header: "CHANGE" }],
      rows: rates.map(({ arm, before, change, interval, measure, now }) => [
        measure,
        arm,
        percent(before.hits / before.n),
        percent(now.hits / now.n),
        `${points(change)} [${pointsRange(interval)}]`
      ])
    }, { width })
  ].join("\n")

/** The input of a run's report; undefined where it has none that can be read. */
const inputOf = (run: PresentRun, label: string) =>
  reportNode(run, label).pipe(
    Effect.map(({ input }) => input),
    Effect.catchTag("ExperimentInvalid", () => Effect.succeed(undefined))
  )

const more = Effect.fnUntraced(function*(pair: Pair, runs: ReadonlyArray<RunRecord>, width: number) {
  const [before, after] = [amongRuns(pair.before, runs), amongRuns(pair.after, runs)]
  const reports: Array<ReportChanges> = []
  for (const { label } of after.madeBy("report")) {
    const [was, is] = [yield* inputOf(before, label), yield* inputOf(after, label)]
    const rates = was === undefined || is === undefined ? [] : rateChanges(was, is)
    if (rates.length > 0) reports.push({ report: label, rates })
  }
  const text = reports.map((one) => changesText(one, reports.length > 1, width)).join("\n\n")
  return { text, json: { reports } } as MoreDiff
})

export const diff = diffWith({ more })
