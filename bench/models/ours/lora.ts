/**
 * Our side of a LoRA step: the trainer as users run it, held between two steps.
 *
 *     node lora.ts MODEL FOLDER THREADS ROWS.json recompute|keep
 */
import { readFileSync } from "node:fs"
import { openCheckpoint } from "../../../models/Checkpoint.ts"
import { TrainingAborted } from "../../../models/train/Optimisation.ts"
import { runSft } from "../../../models/train/sft.ts"
import type { SftJob } from "../../../models/train/TrainJob.ts"
import { textOf } from "../benchModel.ts"
import { endTurn, nextTurn, ready } from "../turns.ts"

const [from, to, threads, file, memory] = process.argv.slice(2) as [string, string, string, string, string]
const rows: ReadonlyArray<ReadonlyArray<number>> = JSON.parse(readFileSync(file, "utf8"))

const job: SftJob = {
  from,
  to,
  mode: "lora",
  rank: 16,
  alpha: 32,
  rows: rows.map((ids) => ({ prompt: textOf(ids.slice(0, 1)), target: textOf(ids.slice(1)) })),
  raw: true,
  batchSize: rows.length,
  // more than anybody asks for
  steps: 1_000_000,
  maxLength: rows[0]!.length,
  learningRate: 1e-4,
  weightDecay: 0.01,
  betas: [0.9, 0.999],
  clipNorm: 1,
  seed: 1,
  schedule: "constant",
  warmupFraction: 0,
  checkpointEverySteps: 0,
  dtype: "f32",
  merge: false,
  recompute: memory === "recompute"
}

const checkpoint = await openCheckpoint(from)
const model = {
  config: checkpoint.config,
  weights: await checkpoint.weights(),
  tokenizer: await checkpoint.tokenizer()
}

ready()
let waiting = nextTurn() !== undefined
if (waiting) {
  await runSft(job, model, {
    threads: Number(threads),
    aborted: () => !waiting,
    onProgress: ({ gradNorm, loss }) => {
      endTurn({ loss, gradNorm })
      waiting = nextTurn() !== undefined
    }
  }).catch((cause) => {
    if (!(cause instanceof TrainingAborted)) throw cause
  })
}
