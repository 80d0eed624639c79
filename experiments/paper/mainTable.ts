/**
 * The paper's main table (attack success, compliance, maths of the base, of imitation baselines and of verification, each
 * with and without stage 2), on the same prompts for all arms.
 */
import { arm } from "../../pipelines/arm.ts"
import { study } from "../../pipelines/study.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import { caveats, judges, layers, seeds, withNumbers } from "./scale.ts"

const starts = {
  base: { title: "base", stageOne: "none" },
  safeChainLike: { title: "SafeChain-like", stageOne: "safeChainLike" },
  starLike: { title: "STAR-1-like", stageOne: "starLike" },
  thinkSafeLike: { title: "ThinkSafe-like", stageOne: "thinkSafeLike" },
  verify: { title: "verify-SFT", stageOne: "verify" }
} as const

const arms = Object.fromEntries(
  Object.entries(starts).flatMap(([name, { stageOne, title }]) => [
    [name, { title, config: { arm: { stageOne, stageTwo: false } } }],
    [`${name}Grpo`, { title: `${title} + GRPO`, config: { arm: { stageOne, stageTwo: true } } }]
  ])
)

const table = study(arms, seeds, {
  title: "Main table: where stage 1 comes from, with and without stage 2",
  judges,
  notes: [
    ...caveats,
    "The baselines are likenesses: STAR-1 and SafeChain imitate a teacher's answers to the same prompts with the settings of verification training, not their authors' releases; ThinkSafe-like imitates the policy's own refusals and answers.",
    "An attack that fails because nothing sensible was answered is in `other`, not in attack success: read both."
  ]
})

export default Experiment.sweep({
  pipeline: arm,
  axes: table.axes,
  config: ({ arm, seed }) => withNumbers(table.configOf(arm), seed),
  layers,
  collect: table.collect
})
