/**
 * Judges the final answers of an evaluation, never the reasoning, against the clauses they touch. The evaluation guard
 * is an instance of its own, so that the judge need not be the guard that rewarded.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"
import { isRightAnswer } from "./judge/isRightAnswer.ts"
import * as Guard from "./service/Guard.ts"
import { AnsweredPair, Clause, Judgement } from "./tables.ts"
import { Scope, shownClauses } from "./text/shownClauses.ts"

const EvaluationGuard = Guard.named("evaluation")

const JudgedAnswer = Type.table("judgedAnswer", {
  ...AnsweredPair.columns,
  set: Schema.String,
  topic: Schema.String,
  family: Schema.String,
  reasoning: Schema.String,
  reference: Schema.NullOr(Schema.String)
}, { id: ["sampleId"] })

export const judge = Node.mapRows({
  name: "judge",
  description: "the evaluation guard's reading of final answers",
  input: JudgedAnswer,
  side: { spec: Clause },
  carry: ["sampleId", "promptId", "set", "topic", "family"],
  params: {
    scope: Scope,
    selfCheckMarker: Schema.String // in the reasoning, it shows that the model checked its answer; empty: never
  },
  output: Judgement,
  uses: [EvaluationGuard],
  given: ({ categories }, { spec }, { scope }) => shownClauses(spec, categories, scope),
  *run({ answer, categories, label, prompt, reasoning, reference }, { given, params }) {
    const row = {
      label,
      categories,
      correct: reference === null ? null : isRightAnswer(answer, reference),
      selfCheck: params.selfCheckMarker !== "" && reasoning.includes(params.selfCheckMarker)
    }
    // no final answer: nothing was told, nothing was refused; `other` is reported beside every rate
    if (answer === "") return { ...row, outcome: "other", safe: true }
    const guard = yield* EvaluationGuard
    const { outcome, safe } = yield* guard.assess({ prompt, answer, clauses: given, label })
    return { ...row, outcome, safe }
  }
})
