/**
 * Our side of a GRPO step: the trainer as users run it, held between two steps.
 *
 *     node grpo.ts MODEL FOLDER THREADS PROMPTS.json SAMPLES NEW_TOKENS
 */
import { readFileSync } from "node:fs"
import { openCheckpoint } from "../../../models/Checkpoint.ts"
import { runGrpo } from "../../../models/train/grpo.ts"
import { TrainingAborted } from "../../../models/train/Optimisation.ts"
import type { GrpoJob } from "../../../models/train/TrainJob.ts"
import { textOf } from "../benchModel.ts"
import { endTurn, nextTurn, ready } from "../turns.ts"

const [from, to, threads, file, samples, newTokens] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string
]
const prompts: ReadonlyArray<ReadonlyArray<number>> = JSON.parse(readFileSync(file, "utf8"))

const job: GrpoJob = {
  from,
  to,
  mode: "lora",
  rank: 16,
  alpha: 32,
  prompts: prompts.map((ids, i) => ({ id: `${i}`, prompt: textOf(ids), kind: "all" })),
  mix: { all: prompts.length },
  samplesPerPrompt: Number(samples),
  maxNewTokens: Number(newTokens),
  // more than anybody asks for
  steps: 1_000_000,
  clipLow: 0.2,
  clipHigh: 0.2,
  klCoefficient: 0.04,
  aggregation: "sequence-mean",
  temperature: 1,
  topP: 1,
  dropUniformGroups: false,
  minMixedShare: 0,
  learningRate: 1e-6,
  weightDecay: 0,
  betas: [0.9, 0.999],
  clipNorm: 1,
  seed: 1,
  checkpointEverySteps: 0,
  dtype: "f32",
  recompute: false
}

const checkpoint = await openCheckpoint(from)
const model = {
  config: checkpoint.config,
  weights: await checkpoint.weights(),
  tokenizer: await checkpoint.tokenizer()
}
let sampled = 0

ready()
let waiting = nextTurn() !== undefined
if (waiting) {
  await runGrpo(job, model, {
    threads: Number(threads),
    aborted: () => !waiting,
    reward: async (batch) => {
      sampled = batch.length
      return batch.map((_, i) => i % Number(samples))
    },
    onProgress: ({ gradNorm, loss }) => {
      endTurn({ loss, gradNorm, sampled })
      waiting = nextTurn() !== undefined
    }
  }).catch((cause) => {
    if (!(cause instanceof TrainingAborted)) throw cause
  })
}
