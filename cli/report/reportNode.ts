/** The report that a run made: which of its nodes it is, and what it was written from. */
import * as Effect from "effect/Effect"
import type { RunNode, ValueManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import type { ReportInput } from "../../nodes/report/ReportInput.ts"
import { ExperimentInvalid } from "../../runtime/Error.ts"
import { didYouMean } from "../../runtime/nearestName.ts"
import * as RunFacts from "../../runtime/RunFacts.ts"
import type { PresentRun } from "../presentRun.ts"

export interface ReportOf {
  readonly label: string
  readonly input: ReportInput
}

/** What a report's node stores; another shape was not written by this version. */
const inputOf = (value: unknown): ReportInput | undefined => {
  const input = (value as { readonly input?: Partial<ReportInput> } | null)?.input
  return typeof input?.title === "string" && Array.isArray(input.scores) ? input as ReportInput : undefined
}

const refused = ({ record }: PresentRun, reason: string, next: string) =>
  new ExperimentInvalid({ experiment: `run ${record.run} of ${record.experiment}`, reason, next })

const chosen = Effect.fnUntraced(function*(run: PresentRun, label: string | undefined) {
  const reports = run.madeBy("report")
  const made = reports.filter(({ manifest }) => manifest?.kind === "value")
  const labels = made.map((node) => node.label)
  if (label !== undefined) {
    const found = made.find((node) => node.label === label)
    if (found !== undefined) return found
    const next = labels.length === 0 ? "leave --node out" : `${didYouMean(label, labels)}reports: ${labels.join(", ")}`
    return yield* refused(run, `it has no report ${label}`, next)
  }
  const [only, ...others] = made
  if (only === undefined) {
    const state = reports[0]?.state
    return yield* refused(
      run,
      state === undefined ? "its pipeline makes no report" : `its report is ${state}`,
      state === undefined
        ? "name another --run, or --experiment; `pipeline ls --runs` lists them"
        : `run it again; its state is ${RunFacts.stateOf(run.record)}`
    )
  }
  if (others.length > 0) return yield* refused(run, "it has several reports", `say which: --node ${labels.join(" | ")}`)
  return only
})

/** **Fails**: `ExperimentInvalid` where the run has no report, or several and none is named; `StoreFailed`. */
export const reportNode = Effect.fnUntraced(function*(run: PresentRun, label: string | undefined) {
  const node: RunNode = yield* chosen(run, label)
  const input = inputOf(yield* (yield* Store).readValue(node.manifest as ValueManifest))
  if (input === undefined) {
    return yield* refused(
      run,
      "its report was written by another version",
      "run it again; only the report is made anew"
    )
  }
  return { label: node.label, input } as ReportOf
})
