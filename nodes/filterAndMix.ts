/**
 * The keep rule and the mix (paper section 3.1): a harmful prompt whose answers are both safe and unsafe yields one of
 * each, a benign prompt yields one safe answer; everything dropped is counted by reason. Choices hash the prompt's own
 * id with the seed, so an edit elsewhere moves none of them, and fractions are nested subsets.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { Critique, Example, LabelledPrompt, MixCount } from "./tables.ts"

const inputs = { critiques: Critique, prompts: LabelledPrompt }

/** Every judged answer with its place among the answers of the same prompt and verdict, in an order that only ids and the seed decide. */
const ranked = (from: { readonly critiques: any; readonly prompts: any }, seed: number) =>
  Node.query`
    select critiques."sampleId", critiques."promptId", critiques.prompt, critiques.answer, prompts.label as label,
      critiques.critique, critiques.verdict,
      count(*) filter (critiques.verdict = 'safe') over byPrompt as safe,
      count(*) filter (critiques.verdict = 'unsafe') over byPrompt as unsafe,
      row_number() over (
        partition by critiques."promptId", critiques.verdict
        order by sha256(${seed} || '/' || critiques."sampleId"), critiques."sampleId") as place
    from ${from.critiques} join ${from.prompts} on critiques."promptId" = prompts."promptId"
    window byPrompt as (partition by critiques."promptId")`

export const filterAndMix = Node.sql({
  name: "filterAndMix",
  description: "contrastive pairs of harmful prompts, one answer of benign ones",
  inputs,
  params: {
    seed: Schema.Int,
    fraction: Schema.Finite // of the kept examples, nested: 5 % is part of 25 % is part of 50 %
  },
  output: Example,
  select: ({ critiques, prompts }, { fraction, seed }) =>
    Node.query`
      with ranked as (${ranked({ critiques, prompts }, seed)}),
      kept as (
        select * from ranked
        where place = 1 and verdict is not null
          and ((label = 'harmful' and safe > 0 and unsafe > 0) or (label = 'benign' and verdict = 'safe'))),
      ordered as (
        select *, row_number() over (order by sha256(${seed} || '/fraction/' || "sampleId"), "sampleId") as place_of_all,
          count(*) over () as total
        from kept)
      select "sampleId" as "exampleId", "promptId", prompt, answer, label, critique, verdict
      from ordered where place_of_all <= round(${fraction} * total)`
})

export const mixCounts = Node.sql({
  name: "mixCounts",
  description: "what was kept and dropped, and why",
  inputs,
  params: { seed: Schema.Int },
  output: MixCount,
  select: ({ critiques, prompts }, { seed }) =>
    Node.query`
      with ranked as (${ranked({ critiques, prompts }, seed)}),
      byPrompt as (select label, any_value(safe) as safe, any_value(unsafe) as unsafe from ranked group by "promptId", label)
      select 'samples' as what, count(*)::integer as count from ranked
      union all select 'distinct (prompt, answer) pairs', count(distinct (prompt, answer))::integer from ranked
      union all select 'answers without a verdict, dropped', count(*)::integer from ranked where verdict is null
      union all select 'harmful prompts, mixed: one safe and one unsafe kept', count(*)::integer from byPrompt where label = 'harmful' and safe > 0 and unsafe > 0
      union all select 'harmful prompts, all safe, dropped', count(*)::integer from byPrompt where label = 'harmful' and safe > 0 and unsafe = 0
      union all select 'harmful prompts, all unsafe, dropped', count(*)::integer from byPrompt where label = 'harmful' and safe = 0 and unsafe > 0
      union all select 'harmful prompts without a verdict, dropped', count(*)::integer from byPrompt where label = 'harmful' and safe = 0 and unsafe = 0
      union all select 'benign prompts, one safe answer kept', count(*)::integer from byPrompt where label = 'benign' and safe > 0
      union all select 'benign prompts without a safe answer, dropped', count(*)::integer from byPrompt where label = 'benign' and safe = 0`
})
