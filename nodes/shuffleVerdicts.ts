/**
 * A negative control: verdicts are dealt out anew among the examples, and the expert writes the critique that would lead
 * to the verdict each example was dealt. Same words, same share of unsafe, labels that mean nothing.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { judged } from "./critique.ts"
import { Expert } from "./service/Expert.ts"
import { Clause, Example } from "./tables.ts"

const dealVerdicts = Node.sql({
  name: "dealVerdicts",
  description: "control: verdicts permuted among examples",
  inputs: { examples: Example },
  params: { seed: Schema.Int },
  output: Example,
  select: ({ examples }, { seed }) =>
    Node.query`
      with here as (select *, row_number() over (order by "exampleId") as place from ${examples}),
      dealt as (select verdict as other, row_number() over (order by sha256(${seed} || '/deal/' || "exampleId"), "exampleId") as place from ${examples})
      select "exampleId", "promptId", prompt, answer, label, critique, other as verdict from here join dealt using (place)`
})

const rewriteCritiques = Node.mapRows({
  name: "rewriteCritiques",
  description: "control: critiques that lead to the dealt verdict",
  input: Example,
  side: { spec: Clause },
  output: Example,
  uses: [Expert],
  given: (_, { spec }) => spec,
  *run({ answer, exampleId, label, promptId, prompt, verdict }, { given }) {
    const { critique } = yield* judged({ clauses: given, prompt, answer, label, assigned: verdict })
    return { exampleId, promptId, prompt, answer, label, verdict, critique }
  }
})

/** Examples with shuffled verdicts and critiques to match. */
export const shuffleVerdicts = (
  inputs: {
    readonly examples: Parameters<typeof dealVerdicts>[0]["examples"]
    readonly spec: Parameters<typeof rewriteCritiques>[0]["spec"]
  },
  params: { readonly seed: number }
) => rewriteCritiques({ rows: dealVerdicts({ examples: inputs.examples }, params), spec: inputs.spec })
