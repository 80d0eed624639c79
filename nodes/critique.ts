/**
 * Has the expert judge every answer against the clauses it is shown (paper section 3.1, Fig. 3). Keyed by (prompt,
 * answer, clauses shown): equal answers are judged once, and an edited clause redoes the rows that were or are shown it.
 */
import * as Effect from "effect/Effect"
import * as Node from "../runtime/Node.ts"
import { type CritiqueRequest, Expert, ExpertFailed } from "./service/Expert.ts"
import { AnsweredPair, Critique, SpecClause } from "./tables.ts"
import { CutAnswers, isUsable } from "./text/cutAnswers.ts"
import { Scope, shownClauses } from "./text/shownClauses.ts"

/** Asks the expert and holds it to its contract: it may cite only clauses it was shown. */
export const judged = Effect.fnUntraced(function*(request: CritiqueRequest) {
  const expert = yield* Expert
  const given = yield* expert.critique(request)
  const shown = request.clauses.map((clause) => clause.clauseId)
  const unknown = given.cited.find((id) => !shown.includes(id))
  if (unknown !== undefined) {
    return yield* new ExpertFailed({
      reason: `it cites clause ${unknown}, which it was not shown (shown: ${shown.join(", ") || "none"})`,
      next: "the row is tried again on the next run; if it stays, look at the expert's prompt"
    })
  }
  return { ...given, shown }
})

export const critique = Node.mapRows({
  name: "critique",
  description: "the expert's critique and verdict",
  input: AnsweredPair,
  side: { spec: SpecClause },
  carry: ["sampleId", "promptId"],
  params: { scope: Scope, cutAnswers: CutAnswers },
  output: Critique,
  uses: [Expert],
  given: ({ answer, categories, prompt }, { spec }, { scope }) =>
    shownClauses(spec, { categories, texts: [prompt, answer] }, scope),
  *run({ answer, finishReason, label, outcome, prompt }, { given, params }) {
    const row = { prompt, answer, label, outcome }
    // what no answer came out of is a terminal outcome: kept as data, never judged, never trained on
    if (!isUsable(answer, finishReason, params.cutAnswers)) {
      return { ...row, verdict: null, critique: "", cited: [], shown: [] }
    }
    const { cited, critique, shown, verdict } = yield* judged({ clauses: given, prompt, answer, label })
    return { ...row, verdict, critique, cited, shown }
  }
})
