/**
 * Reads every answer against the clauses it is shown. A row node: each row has a key of its own, made of the columns it
 * reads and of what `given` picks for it, so an edited clause runs only the rows that were shown it or now are. `given`
 * picks what `run` needs and no more: the wording of a clause is for people, and changing it runs nothing.
 */
import { SpecClause } from "../../nodes/tables.ts"
import * as Node from "../../runtime/Node.ts"
import { brokenClauses, shownClauses } from "./brokenClauses.ts"
import { Answer, Checked } from "./tables.ts"

export const check = Node.mapRows({
  name: "check",
  input: Answer,
  side: { spec: SpecClause },
  carry: ["answerId"],
  output: Checked,
  given: ({ question }, { spec }) => shownClauses(question, spec),
  run: ({ answer, question }, { given }) => ({
    question,
    answer,
    shown: given.map(({ clauseId }) => clauseId),
    broken: brokenClauses(answer, given).map(({ clauseId }) => clauseId)
  })
})
