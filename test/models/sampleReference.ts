/**
 * A second implementation of the Llama forward pass, in float64 and as directly as the formulas: the decoder is
 * compared with it. Source: `modeling_llama.py` of transformers.
 */
import { type LinearName, linearNames, type LlamaConfig, parameterName } from "../../models/Llama.ts"
import type { Weights } from "../../models/Weights.ts"

type Vector = ReadonlyArray<number>

const dot = (a: Vector, weight: Float32Array, row: number): number =>
  a.reduce((sum, value, i) => sum + value * weight[row * a.length + i]!, 0)

const norm = (x: Vector, gain: Float32Array, eps: number): Vector => {
  const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + eps)
  return x.map((value, i) => value * scale * gain[i]!)
}

const rotate = (x: Vector, position: number, config: LlamaConfig): Vector => {
  const half = config.headDim / 2
  return x.map((value, at) => {
    const i = at % config.headDim
    const angle = position * config.ropeTheta ** (-2 * (i % half) / config.headDim)
    const partner = i < half ? -x[at + half]! : x[at - half]!
    return value * Math.cos(angle) + partner * Math.sin(angle)
  })
}

const softmax = (scores: Vector): Vector => {
  const highest = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - highest))
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / total)
}

/** Logits after every token of `ids`. */
export const referenceLogits = (
  config: LlamaConfig,
  weights: Weights,
  ids: ReadonlyArray<number>
): ReadonlyArray<Vector> => {
  const get = (name: string) => weights.get(name)!
  const embedding = get("model.embed_tokens.weight")
  const { headDim, heads, hidden, kvHeads } = config
  let stream: ReadonlyArray<Vector> = ids.map((id) => [...embedding.subarray(id * hidden, (id + 1) * hidden)])
  for (let layer = 0; layer < config.layers; layer++) {
    const map = Object.fromEntries(linearNames.map((name) => [name, (x: Vector): Vector => {
      const weight = get(parameterName(layer, name))
      const bias = weights.get(parameterName(layer, name, "bias"))
      return Array.from({ length: weight.length / x.length }, (_, row) => dot(x, weight, row) + (bias?.[row] ?? 0))
    }])) as Record<LinearName, (x: Vector) => Vector>
    const inputs = stream.map((x) => norm(x, get(parameterName(layer, "input_layernorm")), config.rmsEps))
    const q = inputs.map((x, position) => rotate(map.q(x), position, config))
    const k = inputs.map((x, position) => rotate(map.k(x), position, config))
    const v = inputs.map(map.v)
    const attended = inputs.map((_, position) =>
      Array.from({ length: heads }, (_, head) => {
        const kv = Math.floor(head * kvHeads / heads) * headDim
        const query = q[position]!.slice(head * headDim, (head + 1) * headDim)
        const shares = softmax(
          k.slice(0, position + 1).map((key) =>
            query.reduce((sum, value, i) => sum + value * key[kv + i]!, 0) / Math.sqrt(headDim)
          )
        )
        return Array.from({ length: headDim }, (_, i) =>
          shares.reduce((sum, share, at) => sum + share * v[at]![kv + i]!, 0))
      }).flat()
    )
    const between = stream.map((x, position) => {
      const added = map.o(attended[position]!)
      return x.map((value, i) => value + added[i]!)
    })
    stream = between.map((x) => {
      const y = norm(x, get(parameterName(layer, "post_attention_layernorm")), config.rmsEps)
      const up = map.up(y)
      const added = map.down(map.gate(y).map((gate, i) => gate / (1 + Math.exp(-gate)) * up[i]!))
      return x.map((value, i) => value + added[i]!)
    })
  }
  const head = config.tied ? embedding : get("lm_head.weight")
  return stream.map((x) => {
    const final = norm(x, get("model.norm.weight"), config.rmsEps)
    return Array.from({ length: config.vocab }, (_, row) => dot(final, head, row))
  })
}

/** Greedy continuation of `prompt` by `count` tokens, with log-probabilities. */
export const referenceGreedy = (
  config: LlamaConfig,
  weights: Weights,
  prompt: ReadonlyArray<number>,
  count: number
) => {
  const ids = [...prompt]
  const logprobs: Array<number> = []
  while (ids.length < prompt.length + count) {
    const probabilities = softmax(referenceLogits(config, weights, ids).at(-1)!)
    const best = probabilities.indexOf(Math.max(...probabilities))
    ids.push(best)
    logprobs.push(Math.log(probabilities[best]!))
  }
  return { ids: ids.slice(prompt.length), logprobs }
}
