/**
 * A llama forward pass in plain float64 loops, one sequence at a time, written from the architecture's definition and
 * sharing nothing with the graphs but parameter names: what their gradients are checked against.
 */
import {
  embeddingName,
  finalNormName,
  headName,
  type LinearName,
  type LlamaConfig,
  parameterName
} from "../../../models/Llama.ts"

export type Parameters64 = Map<string, Float64Array>

type Rows = Array<Float64Array>

const normalise = (x: Rows, gain: Float64Array, epsilon: number): Rows =>
  x.map((row) => {
    const square = row.reduce((sum, value) => sum + value * value, 0) / row.length
    return row.map((value, i) => value / Math.sqrt(square + epsilon) * gain[i]!)
  })

const project = (x: Rows, weight: Float64Array, bias?: Float64Array): Rows =>
  x.map((row) =>
    Float64Array.from({ length: weight.length / row.length }, (_, o) => {
      let sum = bias?.[o] ?? 0
      for (let i = 0; i < row.length; i++) sum += row[i]! * weight[o * row.length + i]!
      return sum
    })
  )

/** Rotates the halves of a head's vector by position times frequency. */
const rotate = (head: Float64Array, position: number, theta: number): Float64Array => {
  const half = head.length / 2
  return head.map((value, i) => {
    const angle = position * theta ** (-2 * (i % half) / head.length)
    const other = i < half ? -head[i + half]! : head[i - half]!
    return value * Math.cos(angle) + other * Math.sin(angle)
  })
}

const attend = (config: LlamaConfig, q: Rows, k: Rows, v: Rows): Rows => {
  const { headDim, heads, kvHeads, ropeTheta } = config
  const head = (row: Float64Array, h: number) => row.slice(h * headDim, (h + 1) * headDim)
  return q.map((row, position) => {
    const output = new Float64Array(heads * headDim)
    for (let h = 0; h < heads; h++) {
      const group = Math.floor(h / (heads / kvHeads))
      const query = rotate(head(row, h), position, ropeTheta)
      const scores = k.slice(0, position + 1).map((key, past) =>
        rotate(head(key, group), past, ropeTheta).reduce((sum, value, i) => sum + value * query[i]!, 0) /
        Math.sqrt(headDim)
      )
      const largest = Math.max(...scores)
      const total = scores.reduce((sum, score) => sum + Math.exp(score - largest), 0)
      scores.forEach((score, past) => {
        const share = Math.exp(score - largest) / total
        head(v[past]!, group).forEach((value, i) => output[h * headDim + i]! += share * value)
      })
    }
    return output
  })
}

const plus = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((value, j) => value + b[i]![j]!))

/** Log-probabilities of tokens `targetFrom` … of `ids`. */
export const referenceLogprobs = (
  config: LlamaConfig,
  parameters: Parameters64,
  ids: ReadonlyArray<number>,
  targetFrom: number
): Array<number> => {
  const get = (name: string) => parameters.get(name)!
  const embedding = get(embeddingName)
  let x: Rows = ids.map((id) => embedding.slice(id * config.hidden, (id + 1) * config.hidden))
  for (let layer = 0; layer < config.layers; layer++) {
    const linear = (rows: Rows, name: LinearName) =>
      project(rows, get(parameterName(layer, name)), parameters.get(parameterName(layer, name, "bias")))
    const normed = normalise(x, get(parameterName(layer, "input_layernorm")), config.rmsEps)
    x = plus(x, linear(attend(config, linear(normed, "q"), linear(normed, "k"), linear(normed, "v")), "o"))
    const again = normalise(x, get(parameterName(layer, "post_attention_layernorm")), config.rmsEps)
    const up = linear(again, "up")
    const gated = linear(again, "gate").map((row, i) =>
      row.map((value, j) => value / (1 + Math.exp(-value)) * up[i]![j]!)
    )
    x = plus(x, linear(gated, "down"))
  }
  const head = config.tied ? embedding : get(headName)
  return project(normalise(x, get(finalNormName), config.rmsEps), head).slice(targetFrom - 1, -1).map((logits, i) => {
    const largest = logits.reduce((a, b) => Math.max(a, b))
    const total = logits.reduce((sum, value) => sum + Math.exp(value - largest), 0)
    return logits[ids[targetFrom + i]!]! - largest - Math.log(total)
  })
}

/** The same values in float64, to be perturbed. */
export const widen = (weights: ReadonlyMap<string, Float32Array>): Parameters64 =>
  new Map(Array.from(weights, ([name, values]) => [name, Float64Array.from(values)]))
