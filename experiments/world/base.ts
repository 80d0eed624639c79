/**
 * Trains the base model of the synthetic world from nothing: `node experiments/world/base.ts [--seed 0] [--out DIR]`,
 * about five minutes on one core. The committed one in `base/` is the first seed that passes `baseChecks.ts`; its
 * recipe and record are in README.md. What the model learns is in `corpus.ts`.
 */
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { saveCheckpoint } from "../../models/Checkpoint.ts"
import type { LlamaConfig } from "../../models/Llama.ts"
import { initialWeights } from "../../models/Llama.ts"
import type { TrainOptions } from "../../models/train/Trainer.ts"
import { trainSft } from "../../models/train/Trainer.ts"
import type { SftResult } from "../../models/train/TrainJob.ts"
import { checkBase, formatChecks } from "./baseChecks.ts"
import { baseDocument } from "./corpus.ts"
import { makeRandom } from "./random.ts"
import { tokenizerFiles, vocabulary } from "./vocabulary.ts"

/** A llama of 340 thousand parameters. */
export const baseConfig = (): LlamaConfig => ({
  layers: 3,
  hidden: 96,
  heads: 4,
  kvHeads: 2,
  headDim: 24,
  ffn: 256,
  vocab: vocabulary().length,
  ropeTheta: 1000,
  rmsEps: 1e-5,
  tied: true,
  contextLength: 256,
  qkvBias: false
})

const steps = 4500
const batchSize = 32

/** Every document is seen once. */
const recipe = {
  mode: "full",
  raw: true,
  epochs: 1,
  batchSize,
  learningRate: 3e-3,
  schedule: "cosine",
  warmupFraction: 0.05,
  weightDecay: 0.01,
  betas: [0.9, 0.98],
  clipNorm: 1,
  maxLength: 128,
  merge: false,
  checkpointEverySteps: 500,
  dtype: "f16"
} as const

/** What a base consists of; the training history stays behind. */
const modelFiles = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "model.safetensors"
]

/**
 * Trains the base of `seed` and writes it to the folder `out`. The same seed gives the same bytes on the same machine.
 */
const trainBase = async (seed: number, out: string, options: TrainOptions): Promise<SftResult> => {
  const work = await mkdtemp(join(tmpdir(), "world-base-"))
  try {
    const config = baseConfig()
    const from = join(work, "initial")
    const to = join(work, "trained")
    await saveCheckpoint(from, {
      config,
      weights: initialWeights(config, seed),
      dtype: "f32",
      tokenizerFrom: tokenizerFiles()
    })
    const random = makeRandom(`base/${seed}`)
    const rows = Array.from({ length: steps * batchSize }, () => {
      const { prefix, target } = baseDocument(random)
      return { prompt: prefix, target }
    })
    const result = await trainSft({ ...recipe, from, to, rows, seed }, options)
    await mkdir(out, { recursive: true })
    for (const file of modelFiles) await copyFile(join(to, file), join(out, file))
    return result
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const main = async () => {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "0" },
      out: { type: "string", default: fileURLToPath(new URL("./base", import.meta.url)) }
    }
  })
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed takes a whole number, not "${values.seed}"`)
  const started = process.cpuUsage()
  const result = await trainBase(seed, values.out, {
    threads: 1,
    onProgress: ({ loss, step, steps, tokensPerSecond }) => {
      if (step % 250 === 0) {
        console.error(`step ${step} of ${steps}: loss ${loss.toFixed(3)}, ${Math.round(tokensPerSecond)} tokens/s`)
      }
    }
  })
  const used = process.cpuUsage(started)
  const cpuSeconds = Math.round((used.user + used.system) / 1e6)
  console.log(
    `seed ${seed}: ${result.steps} steps, ${result.tokens} tokens, ${result.dropped.length} dropped, loss ${
      result.finalLoss.toFixed(4)
    }, ${cpuSeconds} CPU-seconds, written to ${values.out}`
  )
  console.log(formatChecks(await checkBase(values.out)))
}

if (import.meta.main) await main()
