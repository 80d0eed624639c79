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
import { batchedProduct, gemm } from "../onnx/Matmul.ts"
import { blockSize, blocksOf } from "./quantise.ts"

/**
 * Where the parameters of a graph come from: float32 inputs or constants, or constants of which the linear maps and the
 * head are 8-bit integers (and their operands become so, row by row).
 */
export type ParameterSource = "inputs" | "constants" | "int8"

/** Names of the constants that stand for a quantised matrix. */
export const quantisedNames = (name: string) => ({ values: `${name}.int8`, scales: `${name}.scales` })

/** The maps to queries, keys and values, which a graph with `"int8"` computes as one: each quantises its operand. */
const attentionMaps = ["q", "k", "v"] as const

/** Of the joined maps of a layer. */
const joinedName = (layer: number) => `layer ${layer} qkv`

/** Quantised matrices of a graph with `"int8"` by name: the parameters whose rows each consists of. */
export const quantisedMatrices = (config: LlamaConfig): ReadonlyMap<string, ReadonlyArray<string>> => {
  const matrices = new Map<string, ReadonlyArray<string>>()
  for (let layer = 0; layer < config.layers; layer++) {
    matrices.set(joinedName(layer), attentionMaps.map((name) => parameterName(layer, name)))
    for (const name of ["o", "gate", "up", "down"] as const) {
      matrices.set(parameterName(layer, name), [parameterName(layer, name)])
    }
  }
  const head = config.tied ? embeddingName : headName
  return matrices.set(head, [head])
}

/** Names of the inputs with a layer's keys and values of past tokens. */
export const cacheNames = (layer: number) => ({ keys: `past_keys_${layer}`, values: `past_values_${layer}` })

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
  readonly last: Tensor
  readonly total: Tensor
  /** By layer, the new tokens' keys, then their values. */
  readonly fresh: Array<Tensor>
}

const attend = (builder: Builder, layer: number, q: Tensor, k: Tensor, values: Tensor) => {
  const { config, fresh, g, last, rotary, total } = builder
  const names = cacheNames(layer)
  const cache = [any, config.kvHeads, any, config.headDim]
  const rotate = (x: Tensor) =>
    g.emit("RotaryEmbedding", [x, ...rotary], x.shape, { domain: microsoft, attributes: { interleaved: 0 } })
  const query = rotate(q)
  const keys = rotate(k)
  fresh.push(keys, values)
  const [attended] = g.emitMany(
    "GroupQueryAttention",
    [query, keys, values, g.input(names.keys, cache), g.input(names.values, cache), last, total],
    [query.shape, cache, cache],
    { domain: microsoft, attributes: { num_heads: config.heads, kv_num_heads: config.kvHeads, do_rotary: 0 } }
  )
  return attended!
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

/**
 * `x wᵀ + bias` of rows `x` `[…, in]` with the parameter `name` `[out, in]`. What has three axes keeps them: unfolding
 * and folding rows around every product would be a fifth of a small step's operators.
 */
const product = (
  { g, parameter, source }: Builder,
  x: Tensor,
  name: string,
  shape: readonly [number, number],
  bias?: Tensor
) => {
  const [rows, columns] = shape
  const plain = (): Tensor =>
    x.shape.length === 2
      ? gemm(g, x, parameter(name, shape), { transposeB: true })
      : batchedProduct(g, x, parameter(name, shape), { transposeB: true })
  const y = source === "int8" ? integerProduct(g, x, name, rows, columns) : plain()
  return bias === undefined ? y : binary(g, "Add", y, bias)
}

const integerProduct = (g: Graph, x: Tensor, name: string, rows: number, columns: number): Tensor => {
  const blocks = blocksOf(columns)
  const { scales, values } = quantisedNames(name)
  return g.emit(
    "MatMulNBits",
    [x, external(g, values, [rows, blocks, blockSize], "uint8"), external(g, scales, [rows * blocks], "float32")],
    [...x.shape.slice(0, -1), rows],
    // at this level operands become 8-bit integers, too, which is where the speed is
    { domain: microsoft, attributes: { K: columns, N: rows, bits: 8, block_size: blockSize, accuracy_level: 4 } }
  )
}

/** Queries, keys and values. */
const attentionInputs = (builder: Builder, layer: number, x: Tensor): ReadonlyArray<Tensor> => {
  const { config, g, parameter, source } = builder
  if (source !== "int8") return attentionMaps.map((name) => linear(builder, layer, name, x))
  const sizes = attentionMaps.map((name) => linearShape(config, name)[0])
  const joined = integerProduct(g, x, joinedName(layer), sizes.reduce((a, b) => a + b, 0), config.hidden)
  const parts = g.emitMany("Split", [joined, g.integers(sizes)], sizes.map((size) => [any, any, size]), {
    attributes: { axis: 2 }
  })
  return attentionMaps.map((name, i) =>
    config.qkvBias
      ? binary(g, "Add", parts[i]!, parameter(parameterName(layer, name, "bias"), [sizes[i]!]))
      : parts[i]!
  )
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
  const [q, k, v] = attentionInputs(builder, layer, before.normed)
  const attended = attend(builder, layer, q!, k!, v!)
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
 * What the choice of tokens needs of `logits` `[n, vocab]`, as outputs: of every row the likeliest token (the first of
 * equals) and its log-probability, and the tempered probabilities of the rows that draw. Whole rows of logits are large:
 * handing them over and passing over them outside costs as much as a seventh of a step.
 */
const addChoice = (g: Graph, logits: Tensor): void => {
  const rows = logits.shape[0]!
  const lastAxis = g.integers([1])
  const [highest, likeliest] = g.emitMany("TopK", [logits, g.integers([1])], [[rows, 1], [rows, 1]], {
    attributes: { axis: 1 }
  })
  g.output("likeliest", { ...likeliest!, type: "int64" })
  const logprobs = g.emit("LogSoftmax", [logits], logits.shape, { attributes: { axis: 1 } })
  g.output("logprobs", g.emit("ReduceMax", [logprobs, lastAxis], [rows, 1]))
  const drawn = g.input("drawn", [any], "int64")
  const sharpness = g.input("sharpness", [any, 1])
  const below = binary(g, "Sub", gatherRows(g, logits, drawn), gatherRows(g, highest!, drawn))
  const tempered = binary(g, "Mul", below, sharpness)
  g.output("probabilities", g.emit("Softmax", [tempered], tempered.shape, { attributes: { axis: 1 } }))
}

/**
 * The graph of prefills and steps over `rows` sequences of `length` new tokens each.
 *
 * **Shape**: inputs `ids` and `positions` int64 `(rows, length)`; `last` int32 `(rows)`, the position of each row's last
 * token; `total` int32 `(1)`, the largest position plus one, for a prefill `length`; `places` int64 `(n)`, flat indices
 * of the tokens whose successors are wanted; `drawn` int64 `(m)`, which of the n are to be drawn, and `sharpness`
 * `(m, 1)`, one over their temperatures; `cos` and `sin` `(capacity, headDim / 2)`; per layer the caches `(rows, kvHeads, capacity, headDim)`, of
 * which a prefill reads nothing. Outputs `logits` `(n, vocab)`; `likeliest` int64 and `logprobs` `(n, 1)`;
 * `probabilities` `(m, vocab)`; `cache` `(2 · layers · rows, length, kvHeads · headDim)`, by layer the new tokens' keys,
 * then their values. All parameters by name: inputs, or constants whose bytes are external data under the parameter's
 * name (or under the `quantisedNames` of `quantisedMatrices`).
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
    last: g.input("last", [any], "int32"),
    total: g.input("total", [1], "int32"),
    fresh: []
  }
  const embedding = parameter(embeddingName, [config.vocab, config.hidden])
  let residual = g.emit("Gather", [embedding, ids], [any, any, config.hidden], { attributes: { axis: 0 } })
  let pending: Tensor | undefined
  for (let layer = 0; layer < config.layers; layer++) {
    ;({ residual, pending } = addLayer(builder, layer, residual, pending))
  }
  const { normed } = addNorm(builder, residual, pending!, parameter(finalNormName, [config.hidden]))
  const rows = reshape(g, normed, [any, config.hidden])
  const wanted = gatherRows(g, rows, g.input("places", [any], "int64"))
  const logits = product(builder, wanted, config.tied ? embeddingName : headName, [config.vocab, config.hidden])
  g.output("logits", logits)
  addChoice(g, logits)
  const size = config.kvHeads * config.headDim
  g.output("cache", g.emit("Concat", builder.fresh, [any, any, size], { attributes: { axis: 0 } }))
  return g
}
