/** Unbiased pass@k of maths sets from n answers a problem, with an interval over problems. */
import * as Schema from "effect/Schema"
import { makeRandom } from "../models/sample/Random.ts"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"
import type { Interval } from "./maths/Interval.ts"
import { passAtK } from "./maths/passAtK.ts"
import { quantile } from "./maths/quantile.ts"
import { defaultDraws } from "./maths/resampleTopics.ts"
import { Size } from "./quantities.ts"
import { Judgement } from "./tables.ts"

export const PassAt = Type.table("passAt", {
  arm: Schema.String,
  set: Schema.String,
  k: Schema.Int,
  problems: Schema.Int,
  answers: Schema.Int, // in all
  share: Schema.Finite, // mean over problems
  lo: Schema.Finite, // 95 %, bootstrap over problems
  hi: Schema.Finite
}, { id: ["arm", "set", "k"] })

/** Mean of one value a problem with its percentile interval over problems. **Fails**: `RangeError` without a problem. */
export const meanOverProblems = (values: ReadonlyArray<number>): { readonly share: number } & Interval => {
  if (values.length === 0) throw new RangeError("pass@k of no problems")
  const { uniform } = makeRandom(0, "passAt")
  const means = Float64Array.from({ length: defaultDraws }, () => {
    let sum = 0
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(uniform() * values.length)]!
    return sum / values.length
  }).sort()
  return {
    share: values.reduce((sum, value) => sum + value, 0) / values.length,
    lo: quantile(means, 0.025),
    hi: quantile(means, 0.975)
  }
}

export const passAt = Node.make({
  name: "passAt",
  description: "pass@k of maths problems",
  inputs: { judgements: Judgement },
  params: { arm: Schema.String, k: Size },
  output: PassAt,
  *run({ judgements }, { params: { arm, k } }) {
    const maths = (yield* judgements.all).filter(({ label }) => label === "maths")
    return [...Map.groupBy(maths, ({ set }) => set)].map(([set, rows]) => {
      const problems = [...Map.groupBy(rows, ({ promptId }) => promptId).values()]
      const values = problems.map((answers) =>
        passAtK(answers.length, answers.filter(({ correct }) => correct === true).length, k)
      )
      return { arm, set, k, problems: problems.length, answers: rows.length, ...meanOverProblems(values) }
    })
  }
})
