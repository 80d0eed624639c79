/**
 * Writes the ONNX graph a decoder runs, one for prefills of whole prompts and for steps of one token per row alike: how
 * many rows, tokens and cache places there are is decided at each run. Attention is onnxruntime's GroupQueryAttention
 * over the past tokens' keys and values; those of the new tokens are outputs. Sessions and caches are
 * `DecodeSession.ts`' and `KeyValueCache.ts`' business, the choice of tokens that of `../sample/`.
 */
import {
  embeddingName,
  finalNormName,
  headName,
  linearNames,
  linearShape,
  type LlamaConfig,
  type NormName,
  parameterName
} from "../Llama.ts"
import { binary } from "../onnx/Elementwise.ts"
import { Graph, type Tensor } from "../onnx/Graph.ts"
import { gatherRows, reshape } from "../onnx/Layout.ts"
import { gemm } from "../onnx/Matmul.ts"
import { blockSize, blocksOf } from "./quantise.ts"

/**
 * Where the parameters of a graph come from: float32 inputs or constants, or constants of which the linear maps and the
 * head are 8-bit integers (and their operands become so, row by row).
 */
export type ParameterSource = "inputs" | "constants" | "int8"

/** Names of the constants that stand for a quantised parameter. */
export const quantisedNames = (name: string) => ({ values: `${name}.int8`, scales: `${name}.scales` })

/** Names of the parameters that a graph with `"int8"` has quantised. */
export const quantisedParameters = (config: LlamaConfig): ReadonlyArray<string> => [
  ...Array.from({ length: config.layers }, (_, layer) => linearNames.map((name) => parameterName(layer, name))).flat(),
  config.tied ? embeddingName : headName
]

/** Names of a layer's cache: inputs with the keys and values of past tokens, outputs with those of the new ones. */
export const cacheNames = (layer: number) => ({
  pastKeys: `past_keys_${layer}`,
  pastValues: `past_values_${layer}`,
  newKeys: `new_keys_${layer}`,
  newValues: `new_values_${layer}`
})

const microsoft = "com.microsoft" as const
/** A size that each run decides. */
const any = -1

/** What all layers share: the graph under construction, how to get a parameter, and the inputs of attention. */
interface Builder {
  readonly g: Graph
  readonly config: LlamaConfig
  readonly parameter: (name: string, shape: ReadonlyArray<number>) => Tensor
  readonly source: ParameterSource
  /** Positions of the tokens and rotary tables, for `RotaryEmbedding`. */
  readonly rotary: ReadonlyArray<Tensor>
  /** `[rows, length, -1]`, to unfold token rows. */
  readonly unfolded: Tensor
  readonly last: Tensor
  readonly total: Tensor
}

const attend = (builder: Builder, layer: number, q: Tensor, k: Tensor, v: Tensor) => {
  const { config, g, last, rotary, total, unfolded } = builder
  const names = cacheNames(layer)
  const cache = [any, config.kvHeads, any, config.headDim]
  const unfold = (x: Tensor) => g.emit("Reshape", [x, unfolded], [any, any, x.shape[1]!])
  const rotate = (x: Tensor) =>
    g.emit("RotaryEmbedding", [x, ...rotary], x.shape, { domain: microsoft, attributes: { interleaved: 0 } })
  const query = rotate(unfold(q))
  const keys = rotate(unfold(k))
  const values = unfold(v)
  const [attended] = g.emitMany(
    "GroupQueryAttention",
    [query, keys, values, g.input(names.pastKeys, cache), g.input(names.pastValues, cache), last, total],
    [query.shape, cache, cache],
    { domain: microsoft, attributes: { num_heads: config.heads, kv_num_heads: config.kvHeads, do_rotary: 0 } }
  )
  g.output(names.newKeys, keys)
  g.output(names.newValues, values)
  return reshape(g, attended!, [any, config.heads * config.headDim])
}

/** The sum of `x` and `more`, and its norm, in one pass over the rows. */
const addNorm = ({ config, g }: Builder, x: Tensor, more: Tensor, gain: Tensor) => {
  const results = g.emitMany("SkipSimplifiedLayerNormalization", [x, more, gain], [x.shape, null, null, x.shape], {
    domain: microsoft,
    attributes: { epsilon: { float: config.rmsEps } }
  })
  return { normed: results[0]!, sum: results[3]! }
}

/** A constant that is given to the session under its own name. */
const external = (g: Graph, name: string, shape: ReadonlyArray<number>, type: "float32" | "uint8"): Tensor => {
  const length = (type === "float32" ? 4 : 1) * shape.reduce((a, b) => a * b, 1)
  return g.external(name, shape, { file: name, offset: 0, length }, type)
}

/** `x wᵀ + bias` of rows `x` `[n, in]` with the parameter `name` `[out, in]`. */
const product = (
  { g, parameter, source }: Builder,
  x: Tensor,
  name: string,
  shape: readonly [number, number],
  bias?: Tensor
) => {
  if (source !== "int8") return gemm(g, x, parameter(name, shape), { transposeB: true }, bias)
  const [rows, columns] = shape
  const blocks = blocksOf(columns)
  const { scales, values } = quantisedNames(name)
  const y = g.emit(
    "MatMulNBits",
    [x, external(g, values, [rows, blocks, blockSize], "uint8"), external(g, scales, [rows * blocks], "float32")],
    [x.shape[0]!, rows],
    // at this level operands become 8-bit integers, too, which is where the speed is
    { domain: microsoft, attributes: { K: columns, N: rows, bits: 8, block_size: blockSize, accuracy_level: 4 } }
  )
  return bias === undefined ? y : binary(g, "Add", y, bias)
}

/** A layer's linear map, with its bias where the model has one. */
const linear = (builder: Builder, layer: number, name: typeof linearNames[number], x: Tensor) => {
  const { config, parameter } = builder
  const shape = linearShape(config, name)
  const biased = config.qkvBias && (name === "q" || name === "k" || name === "v")
  const bias = biased ? parameter(parameterName(layer, name, "bias"), [shape[0]]) : undefined
  return product(builder, x, parameterName(layer, name), shape, bias)
}

/** One layer: takes and returns the residual stream and what is still to be added to it. */
const addLayer = (builder: Builder, layer: number, residual: Tensor, pending: Tensor | undefined) => {
  const { config, g, parameter } = builder
  const gain = (name: NormName) => parameter(parameterName(layer, name), [config.hidden])
  const map = (name: typeof linearNames[number], x: Tensor) => linear(builder, layer, name, x)
  const before = pending === undefined
    ? { normed: firstNorm(builder, residual, gain("input_layernorm")), sum: residual }
    : addNorm(builder, residual, pending, gain("input_layernorm"))
  const attended = attend(
    builder,
    layer,
    map("q", before.normed),
    map("k", before.normed),
    map("v", before.normed)
  )
  const between = addNorm(builder, before.sum, map("o", attended), gain("post_attention_layernorm"))
  const gate = map("gate", between.normed)
  const silu = g.emit("QuickGelu", [gate], gate.shape, { domain: microsoft, attributes: { alpha: { float: 1 } } })
  return {
    residual: between.sum,
    pending: map("down", binary(g, "Mul", silu, map("up", between.normed)))
  }
}

const firstNorm = ({ config, g }: Builder, x: Tensor, gain: Tensor) =>
  g.emit("SimplifiedLayerNormalization", [x, gain], x.shape, {
    attributes: { axis: -1, epsilon: { float: config.rmsEps }, stash_type: 1 }
  })

/**
 * The graph of prefills and steps over `rows` sequences of `length` new tokens each.
 *
 * **Shape**: inputs `ids` and `positions` int64 `(rows, length)`; `unfolded` int64 `(3)` = rows, length, -1; `last`
 * int32 `(rows)`, the position of each row's last token; `total` int32 `(1)`, the largest position plus one, for a
 * prefill `length`; `places` int64 `(n)`, flat indices of the tokens whose logits are wanted; `cos` and `sin`
 * `(capacity, headDim / 2)`; per layer the caches `(rows, kvHeads, capacity, headDim)`, of which a prefill reads
 * nothing. Outputs `logits` `(n, vocab)` and per layer the new tokens' keys and values `(rows, length, kvHeads ·
 * headDim)`. All parameters by name: inputs, or constants whose bytes are external data under the parameter's name (or
 * under `quantisedNames`).
 */
export const decodeGraph = (config: LlamaConfig, source: ParameterSource): Graph => {
  const g = new Graph()
  const known = new Map<string, Tensor>()
  const parameter = (name: string, shape: ReadonlyArray<number>): Tensor => {
    const old = known.get(name)
    if (old !== undefined) return old
    const made = source === "inputs" ? g.input(name, shape) : external(g, name, shape, "float32")
    known.set(name, made)
    return made
  }
  const ids = g.input("ids", [any, any], "int64")
  const table = [any, config.headDim / 2]
  const builder: Builder = {
    g,
    config,
    parameter,
    source,
    rotary: [g.input("positions", [any, any], "int64"), g.input("cos", table), g.input("sin", table)],
    unfolded: g.input("unfolded", [3], "int64"),
    last: g.input("last", [any], "int32"),
    total: g.input("total", [1], "int32")
  }
  const embedding = parameter(embeddingName, [config.vocab, config.hidden])
  let residual = gatherRows(g, embedding, reshape(g, ids, [any]))
  let pending: Tensor | undefined
  for (let layer = 0; layer < config.layers; layer++) {
    ;({ residual, pending } = addLayer(builder, layer, residual, pending))
  }
  const { normed } = addNorm(builder, residual, pending!, parameter(finalNormName, [config.hidden]))
  const wanted = gatherRows(g, normed, g.input("places", [any], "int64"))
  g.output("logits", product(builder, wanted, config.tied ? embeddingName : headName, [config.vocab, config.hidden]))
  return g
}
