/**
 * LoRA matrices outside the graph: their initial values and merging them into the weights they adapt. Names and shapes
 * are those of `TrainMode.ts`.
 */
import { linearNames, linearShape, type LlamaConfig, parameterName } from "../Llama.ts"
import { makeRandom } from "../sample/Random.ts"
import { sharedFloats, type Weights } from "../Weights.ts"
import type { Arrays } from "./AdamW.ts"
import { adapterName, type LoraMode, trainedShapes } from "./TrainMode.ts"

/**
 * Fresh adapters: A normal with variance 1 / in, B zero, so that the adapted model starts as the base. Every matrix has
 * its own random stream. Source: Hu et al. 2021, section 4.1.
 */
export const initialAdapters = (config: LlamaConfig, mode: LoraMode, seed: number): Arrays => {
  const adapters = new Map<string, Float32Array>()
  for (const [name, shape] of trainedShapes(config, mode)) {
    const values = sharedFloats(shape[0]! * shape[1]!)
    if (name.endsWith("lora_A.weight")) {
      const random = makeRandom(seed, name)
      const deviation = 1 / Math.sqrt(shape[1]!)
      for (let i = 0; i < values.length; i++) values[i] = random.normal() * deviation
    }
    adapters.set(name, values)
  }
  return adapters
}

/** Ranks whose products are added in one pass over a row: half the time of one by one, and the same sums. */
const ranksPerPass = 4

/** `target = base + scale · b a` for one `[rows, columns]` matrix. */
const mergeOne = (
  target: Float32Array,
  base: Float32Array,
  a: Float32Array,
  b: Float32Array,
  scale: number,
  rank: number
): void => {
  const columns = a.length / rank
  const rows = b.length / rank
  const row = new Float64Array(columns)
  // with zeros for the ranks that the last pass has too many
  const padded = Math.ceil(rank / ranksPerPass) * ranksPerPass
  const wide = new Float64Array(padded * columns)
  wide.set(a)
  const factors = new Float64Array(padded)
  for (let i = 0; i < rows; i++) {
    row.fill(0)
    for (let r = 0; r < rank; r++) factors[r] = b[i * rank + r]! * scale
    for (let r = 0; r < rank; r += ranksPerPass) addProducts(row, wide, factors, r)
    const offset = i * columns
    for (let j = 0; j < columns; j++) target[offset + j] = base[offset + j]! + row[j]!
  }
}

/** Adds `factors[r + k]` times row `r + k` of `rows` to `sums`, for the four k in their order. */
const addProducts = (sums: Float64Array, rows: Float64Array, factors: Float64Array, r: number): void => {
  const width = sums.length
  const first = r * width
  const [f, g, h, i] = [factors[r]!, factors[r + 1]!, factors[r + 2]!, factors[r + 3]!]
  for (let j = 0; j < width; j++) {
    const at = first + j
    sums[j] = sums[j]! + f * rows[at]! + g * rows[at + width]! + h * rows[at + 2 * width]! + i * rows[at + 3 * width]!
  }
}

/**
 * Writes `base` with the adapters merged in into `target`, which has the same names and may be `base` itself. Only the
 * adapted matrices are written.
 */
export const mergeAdapters = (
  config: LlamaConfig,
  mode: LoraMode,
  adapters: Arrays,
  base: Weights,
  target: Weights
): void => {
  for (let layer = 0; layer < config.layers; layer++) {
    for (const name of linearNames) {
      if (!mode.targets.includes(name)) continue
      const weight = parameterName(layer, name)
      const a = adapters.get(adapterName(layer, name, "a"))!
      const b = adapters.get(adapterName(layer, name, "b"))!
      mergeOne(target.get(weight)!, base.get(weight)!, a, b, mode.alpha / mode.rank, mode.rank)
    }
  }
}

/** `base` with fresh arrays in place of the matrices that `mode` adapts, to merge into; all others are shared. */
export const mergeTarget = (config: LlamaConfig, mode: LoraMode, base: Weights): Weights => {
  const target = new Map(base)
  for (let layer = 0; layer < config.layers; layer++) {
    for (const name of mode.targets) {
      const [rows, columns] = linearShape(config, name)
      target.set(parameterName(layer, name), sharedFloats(rows * columns))
    }
  }
  return target
}
