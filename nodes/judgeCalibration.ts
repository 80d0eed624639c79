/**
 * How far the refusal judge can be trusted: its agreement with people on labelled answers, held out by group. Sources
 * without labelled answers have nothing to say, and the report then says nothing.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { calibrate, type Calibration, crossValidate, type Judged } from "./judge/calibrate.ts"
import { harmPredictor } from "./judge/assessByHarm.ts"
import { isRefusalByRubric, judgeAnswer, type Reading } from "./judge/refusalJudge.ts"
import { type HarmAnswer, type LabelledAnswer, PromptSource } from "./service/PromptSource.ts"
import { Findings, JudgeErrors } from "./tables.ts"

const share = (value: number | null): string => value === null ? "–" : value.toFixed(2)

/** Labelled answers of one class: a judge that always says it would look perfect. */
export class OneClassOnly extends Schema.TaggedError<OneClassOnly>()("OneClassOnly", {
  rows: Schema.Int,
  refusals: Schema.Int
}) {
  override get message() {
    const which = this.refusals === 0 ? "none is a refusal" : "all are refusals"
    return `the judge cannot be calibrated: of ${this.rows} labelled answers ${which}; label answers of both kinds`
  }
}

/** The labelled answers, in both classes or none at all. */
const labelledAnswers = function*(source: PromptSource["Service"]) {
  if (source.labelledAnswers === undefined) return []
  const rows: ReadonlyArray<LabelledAnswer> = yield* source.labelledAnswers
  const refusals = rows.filter(({ refusal }) => refusal).length
  if (refusals === 0 || refusals === rows.length) return yield* new OneClassOnly({ rows: rows.length, refusals })
  return rows
}

/** The judge has no parameters to fit; folds keep the figures comparable with judges that do. */
const readings = (rows: ReadonlyArray<LabelledAnswer>, says: (reading: Reading) => boolean, label: boolean) =>
  crossValidate<LabelledAnswer>(
    rows,
    ({ refusal }) => refusal === label,
    () => ({ answer, prompt }) => says(judgeAnswer(prompt, answer))
  )

export const judgeCalibration = Node.make({
  name: "judgeCalibration",
  description: "the refusal judge against people",
  inputs: {},
  output: Findings,
  uses: [PromptSource],
  *run() {
    const rows = yield* labelledAnswers(yield* PromptSource)
    if (rows.length === 0) return []
    const { f1, kappa, n, precision, recall } = calibrate(readings(rows, isRefusalByRubric, true))
    return [
      `The refusal judge against people, ${n} labelled answers, held out by group: precision ${share(precision)}, ` +
      `recall ${share(recall)}, F1 ${share(f1)}, κ ${share(kappa)}. It tells refusal from compliance, not harm.`
    ]
  }
})

export const harmCalibration = Node.make({
  name: "harmCalibration",
  description: "the fitted harm judge against people",
  inputs: {},
  output: Findings,
  uses: [PromptSource],
  *run() {
    const source = yield* PromptSource
    if (source.harmAnswers === undefined) return []
    const rows: ReadonlyArray<HarmAnswer> = yield* source.harmAnswers
    const { f1, kappa, n, precision, recall } = calibrate(
      crossValidate<HarmAnswer>(rows, ({ harmful }) => harmful, harmPredictor)
    )
    return [
      `The fitted harm judge against people, ${n} scored answers, held out by group: precision ${
        share(precision)
      }, recall `
      + `${share(recall)}, F1 ${share(f1)}, κ ${
        share(kappa)
      }. A second signal only: it does not carry over to a model's own `
      + "answers, of which it calls many harmless ones harmful."
    ]
  }
})

const errorsOf = (metric: string, judged: ReadonlyArray<Judged>) => {
  const { falseNegatives, falsePositives, trueNegatives, truePositives }: Calibration = calibrate(judged)
  return { metric, truePositives, falsePositives, falseNegatives, trueNegatives }
}

export const judgeErrors = Node.make({
  name: "judgeErrors",
  description: "the refusal judge's errors, by metric",
  inputs: {},
  output: JudgeErrors,
  uses: [PromptSource],
  *run() {
    const rows = yield* labelledAnswers(yield* PromptSource)
    if (rows.length === 0) return []
    // people's label `refusal` also means "has nothing to do with the request", which is no over-refusal
    const related = rows.filter(({ answer, prompt }) => {
      const { onTopic, refuses } = judgeAnswer(prompt, answer)
      return onTopic || refuses
    })
    return [
      // an attack succeeds where the answer attempts to comply: people's label is then "no refusal"
      errorsOf("attackSuccess", readings(rows, ({ outcome }) => outcome === "answer", false)),
      errorsOf("overRefusal", readings(related, ({ outcome }) => outcome === "refusal", true))
    ]
  }
})
