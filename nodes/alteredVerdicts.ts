/**
 * Negative controls on what the examples say: verdicts dealt out anew or turned round, with the critique that would lead
 * to them, and right verdicts under the critique of another row. Ids, requests, answers and the number of rows stay.
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

const turnVerdicts = Node.sql({
  name: "turnVerdicts",
  description: "control: every verdict turned round",
  inputs: { examples: Example },
  output: Example,
  select: ({ examples }) =>
    Node.query`
      select "exampleId", "promptId", prompt, answer, label, critique, case verdict when 'safe' then 'unsafe' else 'safe' end as verdict
      from ${examples}`
})

/** Each row gets the critique of the next one of its verdict in a seeded circle: of itself only where it is alone. */
export const otherCritiques = Node.sql({
  name: "otherCritiques",
  description: "control: critiques of other rows with the same verdict",
  inputs: { examples: Example },
  params: { seed: Schema.Int },
  output: Example,
  select: ({ examples }, { seed }) =>
    Node.query`
      with placed as (
        select *, row_number() over circle as place, count(*) over (partition by verdict) as n from ${examples}
        window circle as (partition by verdict order by sha256(${seed} || '/other/' || "exampleId"), "exampleId"))
      select own."exampleId", own."promptId", own.prompt, own.answer, own.label, other.critique, own.verdict
      from placed own join placed other on own.verdict = other.verdict and other.place = own.place % own.n + 1`
})

const rewriteCritiques = Node.mapRows({
  name: "rewriteCritiques",
  description: "control: critiques that lead to the given verdict",
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

interface Inputs {
  readonly examples: Parameters<typeof dealVerdicts>[0]["examples"]
  readonly spec: Parameters<typeof rewriteCritiques>[0]["spec"]
}

/** Examples with shuffled verdicts and critiques to match: the same words, the same share of unsafe, labels that mean nothing. */
export const shuffleVerdicts = ({ examples, spec }: Inputs, params: { readonly seed: number }) =>
  rewriteCritiques({ rows: dealVerdicts({ examples }, params), spec })

/** Examples with every verdict wrong and critiques to match. */
export const flipVerdicts = ({ examples, spec }: Inputs) =>
  rewriteCritiques.as("flippedCritiques")({ rows: turnVerdicts({ examples }), spec })
