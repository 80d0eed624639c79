/**
 * The source of `quickstart.ipynb`: what the quickstart left in the cache, read row by row. Runs as it is too:
 * `node notebooks/quickstart.ts`. After a change: `notebooks/README.md`, "Changing a notebook".
 */
// %% [markdown]
// # What the quickstart left in the cache
//
// `npx pipeline run experiments/quickstart.ts` runs a whole method of safety post-training on a small made-up world: a
// museum on a space station, whose concierge must not tell some facts. Every answer, critique, verdict and score of that
// run is a row in a table of the cache, and this notebook reads them with SQL. It only reads, so it may be run at any
// time, also while an experiment is running.
//
// All texts below come from that world. None of them is harmful.

// %% [markdown]
// ## Nodes
//
// A pipeline is made of nodes, each with one result: a table, a value, or a folder such as a model. `open` finds the cache
// of this project. `experiment` limits it to one experiment; leave that out to see all of them.

// %%
import { wilson } from "../nodes/maths/wilson.ts"
import { figure } from "./library/figure.ts"
import { open } from "./library/open.ts"
import { show } from "./library/show.ts"

const cache = await open({ experiment: "experiments/quickstart" })
await show((await cache.nodes()).map(({ kind, label, rows }) => ({ node: label, result: kind, rows })))

// %% [markdown]
// ## Answers and their critiques
//
// The model answers every training prompt several times (`rollout`), and an expert compares each answer with the clauses
// of the specification (`critique`). Here are six prompts that got an unsafe and a safe answer: one of each, with the
// clause that the expert cites. Such pairs are what the model is later trained to tell apart.
//
// A table is called like its node. Names with capital letters need no care, names with a colon or a bracket want double
// quotes.

// %%
await show(
  await cache.sql`
    with pair as (
      select distinct on (promptId, verdict) *
      from critique join rollout using (sampleId, promptId, prompt, answer)
      where verdict is not null and critique.label = 'harmful'
      order by promptId, verdict, sampleIndex),
    contrast as (from pair qualify count(*) over (partition by promptId) = 2)
    select prompt, reasoning, answer, critique, verdict, clause.clauseId || ': ' || clause.text as "cited clause"
    from contrast left join loadSpec clause on clause.clauseId = contrast.cited[1]
    qualify dense_rank() over (order by promptId) <= 6
    order by promptId, verdict desc`
)

// %% [markdown]
// ## Verdicts
//
// How many answers to which kind of request the expert found safe or unsafe. `null` are answers without a verdict: those
// that were cut off before they ended.

// %%
await show(
  await cache.sql`
    select label as request, verdict, count(*) as answers, count(distinct prompt) as prompts
    from critique group by all order by all`
)

// %% [markdown]
// Not every judged answer is trained on. This is where the others stayed.

// %%
await show(await cache.sql`select what, count from mixCounts order by what`)

// %% [markdown]
// ## Attack success
//
// The share of harmful requests that got what they asked for: the base model, the model after fine-tuning on verification,
// and after reinforcement learning on top. Each model's counts are in a table of its own. The interval is Wilson's, at 95 %;
// it takes answers as independent.
//
// Values such as `metric` go into a statement as literals, whatever they contain.

// %%
interface Rate {
  readonly arm: string
  readonly set: string
  readonly hits: number
  readonly n: number
}
const metric = "attackSuccess"
const rates = await cache.sql<Rate>`
  with score as (
    select 1 as place, * from "scores:base"
    union all select 2, * from "scores:verifySft"
    union all select 3, * from "scores:grpo")
  select arm, "set", sum(hits) as hits, sum(n) as n
  from score where metric = ${metric} group by place, arm, "set" order by "set", place`
const percent = (share: number) => Number((100 * share).toFixed(1))
await show(rates.map(({ arm, hits, n, set }) => {
  const { hi, lo } = wilson({ hits, n })
  return {
    prompts: set,
    model: arm,
    "attack success, %": percent(hits / n),
    from: percent(lo),
    to: percent(hi),
    answers: n
  }
}))

// %% [markdown]
// ## What an edit of the specification changed
//
// Change one clause in `specs/world.md`, for example `art hidden` to `art open`, and run the quickstart again: only rows
// that were shown this clause are judged anew. `critique@before` is the table as it was before its last change, so the two
// can be joined. (The outputs that come with this notebook are of a cache in which C3 was first open, then hidden.)

// %%
const edited = await cache.has("critique@before") && await cache.has("loadSpec@before")
if (edited) {
  await show(
    await cache.sql`
      select clauseId as clause, old.text as before, new.text as after
      from loadSpec new join "loadSpec@before" old using (clauseId) where old.text <> new.text`
  )
} else {
  await show("The specification has not been edited since the first run, so there is nothing to compare yet.")
}

// %%
if (edited) {
  await show(
    await cache.sql`
      select new.label as request, old.verdict as before, new.verdict as after,
        old.verdict is distinct from new.verdict as changed, count(*) as answers
      from critique new join "critique@before" old using (sampleId, prompt, answer) group by all order by all`
  )
} else {
  await show("With an edit, this table counts the verdicts before and after it.")
}

// %%
if (edited) {
  await show(
    await cache.sql`
      select distinct on (prompt) prompt, answer, old.verdict as before, new.verdict as after, new.critique as "critique now"
      from critique new join "critique@before" old using (sampleId, prompt, answer)
      where old.verdict <> new.verdict order by prompt limit 6`
  )
} else {
  await show("With an edit, this table shows answers whose verdict it turned.")
}

// %% [markdown]
// ## How much expert data does it take?
//
// `npx pipeline run experiments/ablations/expertFraction.ts` trains on a growing share of the examples, with three seeds
// each; it reuses all answers and critiques of the quickstart. The arms of a sweep are one table under their common name,
// with the axes of the sweep as columns.

// %%
const sweep = await open({ experiment: "experiments/ablations/expertFraction" })
const swept = await sweep.has("scores:verifySft")
if (swept) {
  await show(
    await sweep.sql`
      select fraction, seed, "set" as prompts, sum(hits) as successes, sum(n) as answers
      from "scores:verifySft" where metric = ${metric} and "set" = 'wrappers' group by all order by all`
  )
} else {
  await show("That experiment has not run in this cache yet, so its part of the notebook is left out.")
}

// %%
if (swept) {
  const bySeed = await sweep.sql<{ fraction: number; seed: number; hits: number; n: number }>`
    select fraction, seed, sum(hits) as hits, sum(n) as n
    from "scores:verifySft" where metric = ${metric} and "set" = 'wrappers' group by all order by all`
  const points = [...Map.groupBy(bySeed, ({ fraction }) => fraction)].map(([fraction, seeds]) => {
    const hits = seeds.reduce((sum, seed) => sum + seed.hits, 0)
    const n = seeds.reduce((sum, seed) => sum + seed.n, 0)
    return { fraction, share: hits / n, ...wilson({ hits, n }) }
  })
  await show(
    await figure({
      title: "Attack success by share of expert-verified examples",
      subtitle: "Unseen wrappers. Band: 95 % Wilson interval, seeds pooled; dots: single seeds.",
      x: { label: "expert-verified examples used", percent: true, domain: [0, 1] },
      y: { label: "attack success", percent: true, domain: [0, 1] },
      series: [{
        label: "verify-SFT",
        x: points.map(({ fraction }) => fraction),
        y: points.map(({ share }) => share),
        lo: points.map(({ lo }) => lo),
        hi: points.map(({ hi }) => hi),
        dots: bySeed.map(({ fraction, hits, n }) => ({ x: fraction, y: hits / n }))
      }]
    })
  )
} else {
  await show("With it, here is a plot of attack success against the share of examples.")
}
