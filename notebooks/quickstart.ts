/**
 * The source of `quickstart.ipynb`: what the quickstart left in the cache, read row by row, with the curves of its
 * training. Runs as it is too: `node notebooks/quickstart.ts`. After a change: `docs/notebooks.md`.
 */
// %% [markdown]
// # What the quickstart left in the cache
//
// `npx pipeline run experiments/quickstart.ts` runs a whole method of safety post-training on a small made-up world: a
// museum on a space station, whose concierge must not tell some facts. Every answer, critique, verdict and score of that
// run is a row in a table of the cache, and this notebook reads them with SQL. It only reads, so it may be run at any
// time, also while an experiment is running. (To run one from a cell: `await run("experiments/quickstart.ts")`, from
// `library/run.ts`.)
//
// All texts below come from that world. None of them is harmful.

// %% [markdown]
// ## Nodes
//
// A pipeline is made of nodes, each with one result: a table, a value, or a folder such as a model. `open` finds the cache
// of this project. `experiment` limits it to one experiment; leave that out to see all of them.

// %%
import { wilson } from "../nodes/maths/wilson.ts"
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
// One answer to read: `show` of a single row is a transcript. With the clauses of the specification, those that the
// critique cites are marked and stand below it.

// %%
import { transcript } from "./library/transcript.ts"

const clauses = await cache.sql<{ clauseId: string; title: string; text: string }>`
  select clauseId, title, text from loadSpec`
const [example] = await cache.sql`
  select critique.sampleId, critique.label, prompt, reasoning, answer, critique, verdict, cited
  from critique join rollout using (sampleId, prompt, answer)
  where verdict = 'unsafe' and len(cited) > 0 order by sampleId limit 1`
await (example === undefined ? show("No answer is unsafe.") : show(transcript(example, { clauses })))

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
// ## Curves of the training
//
// A checkpoint is a folder, and in it the trainer leaves what happened at every step: `training.json`. Fine-tuning on
// verification lowers the loss of the critiques and verdicts it is to write.

// %%
import { figure } from "./library/figure.ts"

interface TrainingLog {
  readonly history: ReadonlyArray<{ readonly loss: number; readonly rewardMean?: number }>
}
const logOf = async (node: string) => JSON.parse(await cache.file(node, "training.json")) as TrainingLog
const steps = (log: TrainingLog) => log.history.map((_, i) => i + 1)
const sft = await logOf("verifySft")
await show(
  await figure({
    title: "Loss of fine-tuning on verification",
    x: { label: "step" },
    y: { label: "loss (nats per token)" },
    series: [{ label: "verify-SFT", x: steps(sft), y: sft.history.map(({ loss }) => loss) }]
  })
)

// %% [markdown]
// Reinforcement learning goes on from there. Its reward is the guard's: an answer to a harmful request gets 1 when it is
// safe, one to a benign request when it complies, a maths answer when it is right. A step's batch is small, so the curve
// is rough; the thick line is the mean of five steps.

// %%
const grpo = await logOf("grpo")
const rewards = grpo.history.map(({ rewardMean = NaN }) => rewardMean)
const smooth = rewards.map((_, i) => {
  const near = rewards.slice(Math.max(0, i - 2), i + 3)
  return near.reduce((sum, reward) => sum + reward, 0) / near.length
})
await show(
  await figure({
    title: "Reward of reinforcement learning",
    subtitle: "Line: mean of five steps; dots: single steps.",
    x: { label: "step" },
    y: { label: "mean reward", domain: [0, 1], ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] },
    series: [{
      label: "GRPO",
      x: steps(grpo),
      y: smooth,
      dots: rewards.map((reward, i) => ({ x: i + 1, y: reward }))
    }]
  })
)

// %% [markdown]
// Two more notebooks go on from here: `clauseEdit.ipynb` changes a clause of the specification and looks at what that
// turned, `expertFraction.ipynb` asks how much expert-verified data it takes.
