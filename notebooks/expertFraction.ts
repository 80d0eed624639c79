/**
 * The source of `expertFraction.ipynb`: how attack success falls with the share of expert-verified examples. Runs as it is
 * too: `node notebooks/expertFraction.ts`. After a change: `docs/notebooks.md`.
 */
// %% [markdown]
// # How much expert-verified data does it take?
//
// `npx pipeline run experiments/ablations/expertFraction.ts` trains on a growing share of the verified examples, with three
// training seeds each; it reuses all answers and critiques of the quickstart. The arms of a sweep are one table under the
// name they share, with the axes of the sweep, `fraction` and `seed`, as columns.

// %%
import { metricFigure } from "./library/metricFigure.ts"
import { open } from "./library/open.ts"
import { show } from "./library/show.ts"

const cache = await open({ experiment: "experiments/ablations/expertFraction" })
const swept = await cache.has("scores:verifySft")
const notYet = "That experiment has not run in this cache yet, so there is nothing to show."
if (swept) {
  await show(
    await cache.sql`
      select fraction, count(distinct seed) as seeds, sum(hits) as successes, sum(n) as answers
      from "scores:verifySft" where metric = 'attackSuccess' and not starts_with("set", 'category: ')
      group by fraction order by fraction`
  )
} else {
  await show(notYet)
}

// %% [markdown]
// ## Attack success
//
// All attack sets together. The band is Wilson's 95 % interval with the seeds pooled, a dot is one seed: where dots lie
// further apart than the band is wide, training seeds matter more than the choice of prompts.
//
// `metricFigure` draws what `npx pipeline plot attackSuccess --x fraction` writes into files.

// %%
const metric = "scores:verifySft.attackSuccess"
if (swept) {
  await show(
    await metricFigure(cache, { metric, x: "fraction", title: "Attack success by share of expert-verified examples" })
  )
} else {
  await show(notYet)
}

// %% [markdown]
// Set by set: topics and wrappers that were in training, and those that were not.

// %%
if (swept) {
  await show(
    await metricFigure(cache, {
      metric,
      x: "fraction",
      by: ["set"],
      where: "not starts_with(\"set\", 'category: ')",
      title: "Attack success by set"
    })
  )
} else {
  await show(notYet)
}

// %% [markdown]
// ## What it costs
//
// A model that refuses everything is safe. Over-refusal is the share of benign requests that are refused.

// %%
if (swept) {
  await show(
    await metricFigure(cache, {
      metric: "scores:verifySft.overRefusal",
      x: "fraction",
      title: "Over-refusal by share of expert-verified examples"
    })
  )
} else {
  await show(notYet)
}

// %% [markdown]
// ## Seed by seed
//
// The numbers behind the dots, one column a seed.

// %%
if (swept) {
  await show(
    await cache.sql`
      pivot (
        select fraction, 'seed ' || seed as seed, round(100.0 * sum(hits) / sum(n), 1) as "attack success"
        from "scores:verifySft" where metric = 'attackSuccess' and not starts_with("set", 'category: ')
        group by all)
      on seed in ('seed 0', 'seed 1', 'seed 2') using first("attack success") order by fraction`
  )
} else {
  await show(notYet)
}
