/**
 * The reward guard's verdict on each answer, under the clauses it touches: a second label beside the expert's, for mixes
 * that go by it or by agreement. Without one, `noGuardVerdicts` stands in, and no guard is asked.
 */
import * as Node from "../runtime/Node.ts"
import * as Guard from "./service/Guard.ts"
import { AnsweredPair, GuardVerdict, SpecClause } from "./tables.ts"
import { CutAnswers, isUsable } from "./text/cutAnswers.ts"
import { Scope, shownClauses } from "./text/shownClauses.ts"

const RewardGuard = Guard.named("reward")

export const guardVerdicts = Node.mapRows({
  name: "guardVerdicts",
  description: "the reward guard's verdict on rollouts",
  input: AnsweredPair,
  side: { spec: SpecClause },
  carry: ["sampleId"],
  params: { scope: Scope, cutAnswers: CutAnswers },
  output: GuardVerdict,
  uses: [RewardGuard],
  given: ({ answer, categories, prompt }, { spec }, { scope }) =>
    shownClauses(spec, { categories, texts: [prompt, answer] }, scope),
  *run({ answer, finishReason, label, prompt }, { given, params }) {
    if (!isUsable(answer, finishReason, params.cutAnswers)) return { verdict: null }
    const guard = yield* RewardGuard
    const { safe } = yield* guard.assess({ prompt, answer, clauses: given, label })
    return { verdict: safe === null ? null : safe ? "safe" : "unsafe" }
  }
})

/** No second label. */
export const noGuardVerdicts = Node.make({
  name: "noGuardVerdicts",
  description: "no guard is asked for labels",
  inputs: {},
  output: GuardVerdict,
  instant: true,
  run: () => []
})
