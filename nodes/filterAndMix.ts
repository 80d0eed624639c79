/**
 * The keep rule and the mix (paper section 3.1): a harmful prompt whose answers are both safe and unsafe yields one of
 * each, a benign prompt yields one safe answer; everything dropped is counted by reason. Choices hash the prompt's own
 * id with the seed, so an edit elsewhere moves none of them, and fractions are nested subsets.
 *
 * Whose verdict sorts answers into safe and unsafe, and how one is picked, the paper does not say: both are parameters.
 * What is trained on is always the expert's critique with the expert's verdict.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { Share } from "./quantities.ts"
import { Critique, Example, GuardVerdict, LabelledPrompt, MixCount } from "./tables.ts"

const inputs = { critiques: Critique, prompts: LabelledPrompt, guards: GuardVerdict }

/** `agree`: only answers of which expert and guard say the same. */
export const LabelSource = Schema.Literals(["expert", "guard", "agree"])
/** Which of several answers stands for its side. */
export const Pick = Schema.Literals(["random", "shortest", "first"])
/** `verdicts`: as many safe as unsafe examples; `labels`: as many of benign prompts as of harmful ones. */
export const Balance = Schema.Literals(["none", "verdicts", "labels"])

export const mixParams = {
  seed: Schema.Int,
  labelSource: LabelSource,
  pick: Pick,
  balance: Balance,
  dropDisagreement: Schema.Boolean, // leave out answers of which expert and guard say different things
  fraction: Share // of the kept examples, nested: 5 % is part of 25 % is part of 50 %
}
type Mix = Schema.Struct.Type<typeof mixParams>
type From = { readonly critiques: any; readonly prompts: any; readonly guards: any }

/** Every judged answer with the side it is on: by the label source, null where it is on none, and why. */
const sided = (from: From, { dropDisagreement, labelSource }: Mix) =>
  Node.query`
    select judged."sampleId", judged."promptId", judged.prompt, judged.answer, asked.label as label, judged.critique, judged.verdict,
      guard.verdict as guard,
      coalesce(judged.verdict <> guard.verdict, false) as disagree,
      case
        when judged.verdict is null then null
        when ${dropDisagreement} and judged.verdict <> guard.verdict then null
        when ${labelSource} = 'expert' then judged.verdict
        when ${labelSource} = 'guard' then guard.verdict
        when judged.verdict = guard.verdict then judged.verdict
      end as side
    from ${from.critiques} judged
      join ${from.prompts} asked on judged."promptId" = asked."promptId"
      left join ${from.guards} guard on judged."sampleId" = guard."sampleId"`

/** The order in which answers of one side are preferred; ids decide what is left. */
const preference = ({ pick, seed }: Mix) =>
  pick === "shortest"
    ? Node.query`length(answer), sha256(${seed} || '/' || "sampleId"), "sampleId"`
    : pick === "first"
    ? Node.query`try_cast(split_part("sampleId", '#', -1) as integer), "sampleId"`
    : Node.query`sha256(${seed} || '/' || "sampleId"), "sampleId"`

/** Every answer with its place among those of the same prompt and side, in an order that only ids and the seed decide. */
const ranked = (from: From, mix: Mix) =>
  Node.query`
    select *,
      count(*) filter (side = 'safe') over byPrompt as safe,
      count(*) filter (side = 'unsafe') over byPrompt as unsafe,
      row_number() over (partition by "promptId", side order by ${preference(mix)}) as place
    from (${sided(from, mix)})
    window byPrompt as (partition by "promptId")`

/** What the keep rule keeps, with its place in the class that is balanced and in the order of fractions. */
const kept = (from: From, mix: Mix) => {
  const { balance, seed } = mix
  const balanced = balance === "verdicts"
    ? Node.query`verdict`
    : balance === "labels"
    ? Node.query`label`
    : Node.query`0`
  return Node.query`
    with ranked as (${ranked(from, mix)}),
    chosen as (
      select *, ${balanced} as class from ranked
      where place = 1 and side is not null
        and ((label = 'harmful' and safe > 0 and unsafe > 0) or (label = 'benign' and side = 'safe'))),
    counted as (
      select *, row_number() over (partition by class order by sha256(${seed} || '/balance/' || "sampleId"), "sampleId") as place_in_class,
        (select min(n) from (select count(*) as n from chosen group by class)) as smallest
      from chosen)
    select *, row_number() over (order by place_in_class > smallest, sha256(${seed} || '/fraction/' || "sampleId"), "sampleId") as place_of_all,
      place_in_class > smallest and ${balance !== "none"} as surplus
    from counted`
}

/** How many of the balanced examples the fraction takes. */
const taken = (fraction: number) =>
  Node.query`not surplus and place_of_all <= round(${fraction} * (select count(*) from kept where not surplus))`

export const filterAndMix = Node.sql({
  name: "filterAndMix",
  description: "contrastive pairs of harmful prompts, one answer of benign ones",
  inputs,
  params: mixParams,
  output: Example,
  select: (from, mix) =>
    Node.query`
      with kept as (${kept(from, mix)})
      select "sampleId" as "exampleId", "promptId", prompt, answer, label, critique, verdict
      from kept where ${taken(mix.fraction)}`
})

export const mixCounts = Node.sql({
  name: "mixCounts",
  description: "what was kept and dropped, and why",
  inputs,
  params: mixParams,
  output: MixCount,
  select: (from, mix) =>
    Node.query`
      with ranked as (${ranked(from, mix)}), kept as (${kept(from, mix)}),
      byPrompt as (select label, any_value(safe) as safe, any_value(unsafe) as unsafe from ranked group by "promptId", label)
      select 'samples' as what, count(*)::integer as count from ranked
      union all select 'distinct (prompt, answer) pairs', count(distinct (prompt, answer))::integer from ranked
      union all select 'answers without a verdict, dropped', count(*)::integer from ranked where verdict is null
      union all select 'answers the guard could not label, dropped', count(*)::integer from ranked
        where verdict is not null and guard is null and ${mix.labelSource !== "expert"}
      union all select 'answers on which expert and guard disagree, dropped', count(*)::integer from ranked where disagree and side is null
      union all select 'answers on which expert and guard disagree', count(*)::integer from ranked where disagree
      union all select 'harmful prompts, mixed: one safe and one unsafe kept', count(*)::integer from byPrompt where label = 'harmful' and safe > 0 and unsafe > 0
      union all select 'harmful prompts, all safe, dropped', count(*)::integer from byPrompt where label = 'harmful' and safe > 0 and unsafe = 0
      union all select 'harmful prompts, all unsafe, dropped', count(*)::integer from byPrompt where label = 'harmful' and safe = 0 and unsafe > 0
      union all select 'harmful prompts without a verdict, dropped', count(*)::integer from byPrompt where label = 'harmful' and safe = 0 and unsafe = 0
      union all select 'benign prompts, one safe answer kept', count(*)::integer from byPrompt where label = 'benign' and safe > 0
      union all select 'benign prompts without a safe answer, dropped', count(*)::integer from byPrompt where label = 'benign' and safe = 0
      union all select 'examples beyond the balance, dropped', count(*)::integer from kept where surplus
      union all select 'examples beyond the fraction, dropped', count(*)::integer from kept where not surplus and not (${
      taken(mix.fraction)
    })
      union all select 'examples', count(*)::integer from kept where ${taken(mix.fraction)}`
})
