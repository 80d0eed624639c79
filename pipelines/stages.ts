/**
 * The stages of the method as functions that connect nodes: what comes before any answer, the verification examples,
 * stage 1 and its ablations, stage 2, and the measurements. Pipelines put them in order; numbers are in `settings.ts`.
 */
import { flipVerdicts, otherCritiques, shuffleVerdicts } from "../nodes/alteredVerdicts.ts"
import { critique } from "../nodes/critique.ts"
import { distinctPrompts, promptManifest } from "../nodes/distinctPrompts.ts"
import { filterAndMix, mixCounts } from "../nodes/filterAndMix.ts"
import { grpo } from "../nodes/grpo.ts"
import { guardVerdicts, noGuardVerdicts } from "../nodes/guardVerdicts.ts"
import { labelPrompts } from "../nodes/labelPrompts.ts"
import { leakCheck, lineageCheck } from "../nodes/leakCheck.ts"
import { loadPrompts } from "../nodes/loadPrompts.ts"
import { loadSpec } from "../nodes/loadSpec.ts"
import { rollout } from "../nodes/rollout.ts"
import { route, routePrompts } from "../nodes/route.ts"
import { sample } from "../nodes/sample.ts"
import type { Clause, Example } from "../nodes/tables.ts"
import { trainable } from "../nodes/trainable.ts"
import { verifySft } from "../nodes/verifySft.ts"
import type { Ref } from "../runtime/Ref.ts"
import * as Source from "../runtime/Source.ts"
import type { Folder, Row, Rows, Table } from "../runtime/Type.ts"
import { checkpointSource } from "./checkpointSource.ts"
import type { Config } from "./settings.ts"

export type Policy<R> = Ref<Folder<"checkpoint">, R>

/** The prompts that evaluation asks; the same for every arm. */
export const evaluationPrompts = (config: Config) =>
  loadPrompts.as("evaluationPrompts")({}, { sets: { ...config.evaluation.prompts }, seed: config.seeds.data })

/** The specification, the prompts without duplicates, what each request is under it, and whether any of it leaks. */
export const prepare = (config: Config) => {
  const { dropFromTraining, ...units } = config.leaks
  const spec = loadSpec({ file: Source.file(config.spec) })
  const loaded = loadPrompts({}, { sets: { ...config.train.prompts }, seed: config.seeds.data })
  const loadedMaths = loadPrompts.as("mathsPrompts")({}, { sets: { ...config.train.maths }, seed: config.seeds.data })
  const evaluation = evaluationPrompts(config)
  const prompts = distinctPrompts({ training: loaded, evaluation }, config.leaks)
  // problems are alike by design: only where evaluation comes first does any of them go
  const maths = dropFromTraining
    ? distinctPrompts.as("distinctMaths")({ training: loadedMaths, evaluation }, config.leaks)
    : loadedMaths
  const labelled = labelPrompts({ rows: routePrompts({ rows: prompts }), spec }, {
    by: config.promptLabels,
    scope: config.scope
  })
  return {
    spec,
    prompts,
    labelled,
    maths,
    evaluation,
    leaks: leakCheck({ training: prompts, maths, evaluation }, units),
    manifest: promptManifest({ training: loaded, maths: loadedMaths, evaluation }, { ...units, dropFromTraining })
  }
}

export type Prepared = ReturnType<typeof prepare>

/** N answers of a policy to every training prompt, read by the routing guard. */
const experienceOf = <R>(config: Config, policy: Policy<R>, { prompts }: Prepared) => {
  const { perPrompt, ...sampling } = config.rollouts
  const rollouts = rollout({ rows: sample({ prompts }, { perPrompt, perMathsPrompt: perPrompt }), policy }, {
    sampling,
    system: config.system,
    reasoningEnd: config.reasoningEnd,
    seed: config.seeds.data
  })
  return { rollouts, routed: route({ rows: rollouts }) }
}

type TableRef<T extends Table<any>, R> = Ref<Rows<Row<T["columns"]>>, R>

/** Examples as the experiment's controls alter them: the first control that is set. */
const controlled = <R, S>(
  { controls, seeds }: Config,
  examples: TableRef<typeof Example, R>,
  spec: TableRef<typeof Clause, S>
) =>
  controls.shuffleVerdicts
    ? shuffleVerdicts({ examples, spec }, { seed: seeds.data })
    : controls.flipVerdicts
    ? flipVerdicts({ examples, spec })
    : controls.otherCritiques
    ? otherCritiques({ examples }, { seed: seeds.data })
    : examples

/** Stage 1's data: N answers a prompt, each critiqued, then the keep rule. */
export const verificationExamples = <R>(config: Config, policy: Policy<R>, before: Prepared) => {
  const { spec } = before
  const { rollouts, routed } = experienceOf(config, policy, before)
  const judging = { scope: config.scope, cutAnswers: config.cutAnswers }
  const critiques = critique({ rows: routed, spec }, judging)
  const { minMixedPrompts, ...mixing } = config.mix
  const guards = mixing.labelSource !== "expert" || mixing.dropDisagreement
    ? guardVerdicts({ rows: routed, spec }, judging)
    : noGuardVerdicts({})
  const from = { critiques, prompts: before.labelled, guards }
  const mix = { ...mixing, seed: config.seeds.data }
  const counts = mixCounts(from, mix)
  const kept = trainable({ examples: filterAndMix(from, mix), mix: counts }, { minMixedPrompts })
  return {
    rollouts,
    routed,
    critiques,
    counts,
    examples: controlled(config, kept, spec),
    lineage: lineageCheck({ examples: kept, training: before.prompts, evaluation: before.evaluation })
  }
}

/** How verification is asked and what of it is learnt. */
export const verificationTemplate = ({ reasoningEnd, verification }: Config) => {
  const { critiqueTarget, target, train, verdictTarget, ...template } = verification
  return {
    ...template,
    reasoningEnd,
    target: train === "verdict" ? verdictTarget : train === "critique" ? critiqueTarget : target
  }
}

/** Stage 2 from a policy. */
export const reinforce = <R>(config: Config, policy: Policy<R>, { labelled, maths, spec }: Prepared) =>
  grpo({
    policy,
    prompts: labelled,
    maths: labelPrompts.as("mathsLabels")({ rows: routePrompts.as("mathsRoutes")({ rows: maths }), spec }, {
      by: "provenance",
      scope: config.scope
    }),
    spec
  }, {
    settings: config.grpo,
    mathsRule: config.mathsRule,
    cutAnswers: config.cutAnswers,
    reasoningEnd: config.reasoningEnd,
    seed: config.seeds.train
  })

/** The policy whose answers are critiqued. */
export const experienced = <R>(config: Config, base: Policy<R>, before: Prepared) =>
  config.experience === "self"
    ? base
    : config.experience === "reinforced"
    ? reinforce(config, base, before)
    : checkpointSource(config.experience)

/** Stage 1 with its data: what ablations over training data repeat. */
export const verification = (config: Config) => {
  const base = checkpointSource(config.base)
  const before = prepare(config)
  const data = verificationExamples(config, experienced(config, base, before), before)
  const tuned = verifySft({ base, examples: data.examples, spec: before.spec }, {
    settings: config.sft,
    template: verificationTemplate(config),
    seed: config.seeds.train
  })
  return { ...before, base, ...data, tuned, before }
}
