/**
 * How far the refusal judge can be trusted: its agreement with people on labelled answers, held out by group. Sources
 * without labelled answers have nothing to say, and the report then says nothing.
 */
import * as Node from "../runtime/Node.ts"
import { calibrate, crossValidate } from "./judge/calibrate.ts"
import { isRefusalByRubric, judgeAnswer } from "./judge/refusalJudge.ts"
import { type LabelledAnswer, PromptSource } from "./service/PromptSource.ts"
import { Findings } from "./tables.ts"

const share = (value: number | null): string => value === null ? "–" : value.toFixed(2)

export const judgeCalibration = Node.make({
  name: "judgeCalibration",
  description: "the refusal judge against people",
  inputs: {},
  output: Findings,
  uses: [PromptSource],
  *run() {
    const source = yield* PromptSource
    if (source.labelledAnswers === undefined) return []
    const rows = yield* source.labelledAnswers
    // the judge has no parameters to fit; folds keep the figures comparable with judges that do
    const judged = crossValidate<LabelledAnswer>(
      rows,
      (row) => row.refusal,
      () => (row) => isRefusalByRubric(judgeAnswer(row.prompt, row.answer))
    )
    const { f1, kappa, n, precision, recall } = calibrate(judged)
    return [
      `The refusal judge against people, ${n} labelled answers, held out by group: precision ${share(precision)}, ` +
      `recall ${share(recall)}, F1 ${share(f1)}, κ ${share(kappa)}. It tells refusal from compliance, not harm.`
    ]
  }
})
