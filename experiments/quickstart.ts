/**
 * The whole method on a laptop in about two minutes: a made-up policy without harmful text, a base model of 0.34 million
 * parameters trained by this project, every stage for real. `specs/world.md` is the specification to edit.
 *
 * What it shows and what it does not is in its notes below; the world is described in `experiments/world/README.md`.
 */
import * as Layer from "effect/Layer"
import { embeddedSampler } from "../nodes/layer/embeddedSampler.ts"
import { embeddedTrainer } from "../nodes/layer/embeddedTrainer.ts"
import { sinternal } from "../pipelines/sinternal.ts"
import * as Experiment from "../runtime/Experiment.ts"
import { worldExpert, worldGuard, worldPrompts } from "./world/layers.ts"

/** The numbers of the synthetic world, shared with the ablations over it. */
export const world = {
  base: "file:experiments/world/base",
  spec: "specs/world.md",
  scope: "routed",
  promptLabels: "guard", // the clauses say what is hidden, so an opened clause makes its requests benign
  mathsRule: "exact",
  leaks: { exactSources: ["the synthetic world"] }, // its prompts are alike by design, so one unit is the exact prompt
  train: { prompts: { train: 600 }, maths: { "train-maths": 400 } },
  rollouts: { perPrompt: 8, temperature: 1, maxNewTokens: 48 },
  verification: {
    user: "<spec> {clauses} <x> {prompt} <y> {answer} <judge>",
    clause: "{clauseId} {text} .",
    clauseSeparator: " ",
    target: "{critique} </think> {verdict}",
    verdictTarget: "{restatement} </think> {verdict}",
    critiqueTarget: "{argument} </think>",
    judgementMarker: "check :",
    verdictMarker: "verdict"
  },
  sft: { epochs: 3, learningRate: 1e-3, batchSize: 16, maxLength: 160 }, // the paper's 2 epochs at 2e-4 are too little for about 160 steps of a 0.3 M model
  grpo: {
    steps: 25,
    harmfulPerStep: 10,
    benignPerStep: 8,
    mathsPerStep: 4,
    learningRate: 1e-4,
    maxNewTokens: 48,
    weightDecay: 0
  },
  evaluation: {
    prompts: { inDistribution: 300, heldOutTopics: 300, wrappers: 300, both: 300, benign: 300, maths: 300 },
    verificationItems: 300,
    gold: "guard",
    temperature: 0.6,
    topP: 1,
    maxNewTokens: 48,
    selfCheckMarker: "check :"
  }
} as const

/** The roles of the world: rules for expert, guard and prompts; this process samples and trains. */
export const worldLayers = () =>
  Layer.mergeAll(
    worldExpert,
    worldGuard("routing"),
    worldGuard("prompt"),
    worldGuard("reward"),
    worldGuard("evaluation"),
    worldPrompts,
    embeddedSampler({ width: 64, maxLength: 160 }),
    embeddedTrainer({ threads: 1, checkpointEverySteps: 20 })
  )

export default Experiment.make({
  pipeline: sinternal,
  config: {
    ...world,
    report: {
      title: "Quickstart: the synthetic safety world",
      notes: [
        "What the base has built in: it checks its own answers rarely and unreliably, knows which group a topic belongs to, and lets the verdict of a check decide the answer, so that a better habit of checking can transfer.",
        "In this toy, verify-SFT lowers attack success without imitating answers, by raising self-checks that are right. It is no evidence for large models, and plain imitation of refusals is as good in distribution.",
        "One base and one seed: intervals cover the choice of prompts and topics, not that of the base."
      ]
    }
  },
  layers: worldLayers
})
