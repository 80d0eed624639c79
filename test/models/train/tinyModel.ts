/**
 * The model and the rows that the training tests share: two layers, about 5,000 parameters, random but seeded, small
 * enough for float64 reference passes.
 */
import { initialWeights, type LlamaConfig, parameterShapes } from "../../../models/Llama.ts"
import { makeRandom } from "../../../models/sample/Random.ts"
import type { TrainRow } from "../../../models/train/packRows.ts"
import type { Weights } from "../../../models/Weights.ts"

export const tinyConfig: LlamaConfig = {
  layers: 2,
  hidden: 16,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  ffn: 24,
  vocab: 29,
  ropeTheta: 100,
  rmsEps: 1e-5,
  tied: true,
  contextLength: 64,
  qkvBias: false
}

/** Weights with norms and biases away from 1 and 0, so that an adjoint that forgets them fails. */
export const tinyWeights = (config: LlamaConfig): Weights => {
  const weights = initialWeights(config, 5)
  for (const [name, shape] of parameterShapes(config)) {
    const values = weights.get(name)!
    const random = makeRandom(6, name)
    const spread = shape.length === 1 ? 0.3 : name.includes("embed") || name.includes("lm_head") ? 0.5 : 0
    for (let i = 0; i < values.length; i++) values[i] = values[i]! + random.normal() * spread
  }
  return weights
}

/** Rows of different lengths and weights. */
export const tinyRows: ReadonlyArray<TrainRow> = [9, 14, 5].map((length, row) => {
  const random = makeRandom(7, `${row}`)
  return {
    ids: Array.from({ length }, () => Math.floor(random.uniform() * tinyConfig.vocab)),
    targetFrom: [3, 1, 2][row]!,
    weight: [0.02, 0.05, 0.11][row]!
  }
})
