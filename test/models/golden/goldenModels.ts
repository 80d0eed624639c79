/**
 * The models, batches and adapters whose values another implementation computed once: `makeGoldens.ts` writes them to
 * disk, `makeGoldens.py` computes with them in PyTorch, and the tests make them again from the same seeds to compare.
 */
import { initialWeights, linearNames, type LlamaConfig, parameterShapes } from "../../../models/Llama.ts"
import { makeRandom } from "../../../models/sample/Random.ts"
import { initialAdapters } from "../../../models/train/adapters.ts"
import type { Arrays } from "../../../models/train/AdamW.ts"
import type { TrainRow } from "../../../models/train/packRows.ts"
import type { LoraMode } from "../../../models/train/TrainMode.ts"
import type { Weights } from "../../../models/Weights.ts"

const tied: LlamaConfig = {
  layers: 2,
  hidden: 8,
  heads: 2,
  kvHeads: 1,
  headDim: 8,
  ffn: 12,
  vocab: 17,
  ropeTheta: 100,
  rmsEps: 1e-5,
  tied: true,
  contextLength: 128,
  qkvBias: false
}

/** Wavelengths are 6, 20, 63 and 199 tokens: below, between (twice) and above the bounds of 64 / 4 and 64. */
const stretched = { factor: 8, lowFrequency: 1, highFrequency: 4, originalContext: 64 }

/** Configurations by name. */
export const goldenConfigs: Readonly<Record<string, LlamaConfig>> = {
  tied,
  qwen: { ...tied, tied: false, qkvBias: true },
  llama3: { ...tied, ropeScaling: stretched }
}

/** Weights that leave no gradient near zero: norms away from 1, biases away from 0, a lively embedding. */
export const goldenWeights = (config: LlamaConfig): Weights => {
  const weights = initialWeights(config, 21)
  for (const [name, shape] of parameterShapes(config)) {
    const values = weights.get(name)!
    const random = makeRandom(22, name)
    const spread = shape.length === 1 ? 0.3 : /embed|lm_head/.test(name) ? 0.7 : 0.2
    for (let i = 0; i < values.length; i++) values[i] = values[i]! + random.normal() * spread
  }
  return weights
}

/** Rows of different lengths and token weights; the longest spans several wavelengths. */
export const goldenRows: ReadonlyArray<TrainRow> = [9, 40, 5, 17].map((length, row) => {
  const random = makeRandom(23, `${row}`)
  return {
    ids: Array.from({ length }, () => Math.floor(random.uniform() * tied.vocab)),
    targetFrom: [3, 1, 2, 8][row]!,
    weight: [0.02, 0.01, 0.11, 0.03][row]!
  }
})

/**
 * The rows as samples of an older policy: log-probabilities far enough from the model's that ratios are clipped on
 * either side and by the dual clip.
 */
export const goldenRollouts: ReadonlyArray<TrainRow> = goldenRows.map((row, i) => {
  const random = makeRandom(24, `${i}`)
  const targets = row.ids.length - row.targetFrom
  const near = (spread: number) => Array.from({ length: targets }, () => -3 + spread * random.normal())
  return { ...row, advantage: [1.2, -0.7, -1.5, 0.4][i]!, oldLogprobs: near(1), referenceLogprobs: near(0.7) }
})

export const goldenLoss = { kind: "grpo", clipLow: 0.2, clipHigh: 0.28, dualClip: 3, klCoefficient: 0.05 } as const

export const goldenLora: LoraMode = { kind: "lora", rank: 2, alpha: 5, targets: linearNames }

/** Adapters with a B that is not zero, so that A has gradients. */
export const goldenAdapters = (config: LlamaConfig): Arrays => {
  const adapters = initialAdapters(config, goldenLora, 25)
  for (const [name, values] of adapters) {
    const random = makeRandom(26, name)
    if (name.includes("lora_B")) values.forEach((_, i) => values[i] = random.normal() * 0.3)
  }
  return adapters
}

export const goldenPrompts: ReadonlyArray<ReadonlyArray<number>> = [[5], [1, 3, 4, 2, 9, 16], [7, 7, 0, 12]]
