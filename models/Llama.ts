/**
 * The shape of a Llama-family decoder: its configuration, the names and shapes of its parameters, its rotary tables and
 * fresh random weights. Llama, SmolLM2, Qwen2 and Mistral differ only in these numbers and in biases on q, k and v.
 * Graphs that compute with them are in `decode/` and `train/`, files in `load/`.
 */
import * as Schema from "effect/Schema"
import { fromHfScaling, HfRopeScaling, type Llama3Scaling, scaledFrequency, toHfScaling } from "./RopeScaling.ts"
import { makeRandom } from "./sample/Random.ts"
import { allocateWeights, type Weights } from "./Weights.ts"

/** Sizes and constants of a model. Lengths count elements, `contextLength` tokens. */
export interface LlamaConfig {
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly ffn: number
  readonly vocab: number
  readonly ropeTheta: number
  /** Absent: rotary frequencies are not scaled. */
  readonly ropeScaling?: Llama3Scaling
  readonly rmsEps: number
  /** The output head is the embedding. */
  readonly tied: boolean
  readonly contextLength: number
  /** q, k and v have biases, as in Qwen2. */
  readonly qkvBias: boolean
}

/** A model whose configuration this engine cannot run; `reason` names the property. */
export class UnsupportedModel extends Schema.TaggedError<UnsupportedModel>()("UnsupportedModel", {
  architecture: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `the embedded engine cannot run ${this.architecture}: ${this.reason}. ` +
      "It runs Llama, Qwen2 and Mistral models; use a server for others"
  }
}

export const linearNames = ["q", "k", "v", "o", "gate", "up", "down"] as const
/** The seven linear maps of a layer. */
export type LinearName = typeof linearNames[number]
/** The two norms of a layer. */
export type NormName = "input_layernorm" | "post_attention_layernorm"

export const embeddingName = "model.embed_tokens.weight"
export const finalNormName = "model.norm.weight"
export const headName = "lm_head.weight"

/** The Hugging Face name of one parameter of layer `layer`. */
export const parameterName = (
  layer: number,
  name: LinearName | NormName,
  kind: "weight" | "bias" = "weight"
): string => {
  const place = name === "input_layernorm" || name === "post_attention_layernorm"
    ? name
    : name === "gate" || name === "up" || name === "down"
    ? `mlp.${name}_proj`
    : `self_attn.${name}_proj`
  return `model.layers.${layer}.${place}.${kind}`
}

/** `[out, in]` of one linear map. */
export const linearShape = (config: LlamaConfig, name: LinearName): readonly [number, number] => {
  const query = config.heads * config.headDim
  const key = config.kvHeads * config.headDim
  switch (name) {
    case "q":
      return [query, config.hidden]
    case "k":
    case "v":
      return [key, config.hidden]
    case "o":
      return [config.hidden, query]
    case "gate":
    case "up":
      return [config.ffn, config.hidden]
    case "down":
      return [config.hidden, config.ffn]
  }
}

/**
 * All parameters of a model with their shapes, in file order; linears are `[out, in]`. `lm_head.weight` is there only
 * when the head is untied, biases of q, k and v only with `qkvBias`.
 */
export const parameterShapes = (config: LlamaConfig): ReadonlyMap<string, ReadonlyArray<number>> => {
  const shapes = new Map<string, ReadonlyArray<number>>([[embeddingName, [config.vocab, config.hidden]]])
  for (let layer = 0; layer < config.layers; layer++) {
    shapes.set(parameterName(layer, "input_layernorm"), [config.hidden])
    for (const name of linearNames) {
      const shape = linearShape(config, name)
      shapes.set(parameterName(layer, name), shape)
      if (config.qkvBias && (name === "q" || name === "k" || name === "v")) {
        shapes.set(parameterName(layer, name, "bias"), [shape[0]])
      }
    }
    shapes.set(parameterName(layer, "post_attention_layernorm"), [config.hidden])
  }
  shapes.set(finalNormName, [config.hidden])
  if (!config.tied) shapes.set(headName, [config.vocab, config.hidden])
  return shapes
}

/**
 * Angle per token of each rotary pair, `headDim / 2` float32 values, before any scaling.
 *
 * **Source**: `LlamaRotaryEmbedding` of transformers, which rounds to float32; so do we.
 */
export const ropeFrequencies = ({ headDim, ropeTheta }: Pick<LlamaConfig, "headDim" | "ropeTheta">): Float32Array =>
  Float32Array.from({ length: headDim / 2 }, (_, i) => 1 / Math.fround(ropeTheta ** Math.fround(2 * i / headDim)))

/**
 * Rotary tables for positions 0 to `length - 1`.
 *
 * **Shape**: `(length, headDim / 2)` each, row-major.
 *
 * **Source**: `LlamaRotaryEmbedding` of transformers, which rounds angles to float32; so do we.
 */
export const ropeTables = (
  config: LlamaConfig,
  length: number
): { readonly cos: Float32Array; readonly sin: Float32Array } => {
  const half = config.headDim / 2
  const cos = new Float32Array(length * half)
  const sin = new Float32Array(length * half)
  const { ropeScaling } = config
  for (const [i, base] of ropeFrequencies(config).entries()) {
    const frequency = ropeScaling === undefined ? base : scaledFrequency(base, ropeScaling)
    for (let position = 0; position < length; position++) {
      const angle = Math.fround(position * frequency)
      cos[position * half + i] = Math.cos(angle)
      sin[position * half + i] = Math.sin(angle)
    }
  }
  return { cos, sin }
}

const HfConfig = Schema.Struct({
  architectures: Schema.NonEmptyArray(Schema.String),
  hidden_size: Schema.Int,
  num_hidden_layers: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 })),
  num_attention_heads: Schema.Int,
  num_key_value_heads: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  head_dim: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  intermediate_size: Schema.Int,
  vocab_size: Schema.Int,
  hidden_act: Schema.optionalKey(Schema.String),
  rms_norm_eps: Schema.optionalKey(Schema.Finite),
  rope_theta: Schema.optionalKey(Schema.Finite),
  rope_scaling: Schema.optionalKey(Schema.NullOr(HfRopeScaling)),
  rope_parameters: Schema.optionalKey(Schema.NullOr(Schema.Struct({
    ...HfRopeScaling.fields,
    rope_theta: Schema.optionalKey(Schema.Finite)
  }))),
  partial_rotary_factor: Schema.optionalKey(Schema.NullOr(Schema.Finite)),
  attention_bias: Schema.optionalKey(Schema.Boolean),
  mlp_bias: Schema.optionalKey(Schema.Boolean),
  sliding_window: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  use_sliding_window: Schema.optionalKey(Schema.Boolean),
  tie_word_embeddings: Schema.optionalKey(Schema.Boolean),
  max_position_embeddings: Schema.optionalKey(Schema.Int)
})

const decodeHfConfig = Schema.decodeUnknownSync(HfConfig)
const families = new Set(["LlamaForCausalLM", "Qwen2ForCausalLM", "MistralForCausalLM"])

/**
 * The configuration in a parsed Hugging Face `config.json`. A sliding window becomes the context length: within it,
 * windowed and full attention are the same.
 *
 * **Fails**: throws `UnsupportedModel` naming the architecture and the property that cannot be run.
 */
export const fromHfConfig = (json: unknown): LlamaConfig => {
  const architecture = (json as { architectures?: ReadonlyArray<string> } | null)?.architectures?.[0] ?? "unnamed"
  const refuse = (reason: string) => new UnsupportedModel({ architecture, reason })
  if (!families.has(architecture)) throw refuse("unknown architecture")
  let hf: typeof HfConfig.Type
  try {
    hf = decodeHfConfig(json)
  } catch (cause) {
    throw refuse(`its config.json does not parse (${(cause as Error).message})`)
  }
  const qwen = architecture === "Qwen2ForCausalLM"
  const scaling = fromHfScaling(
    hf.rope_parameters?.rope_type === undefined ? hf.rope_scaling ?? undefined : hf.rope_parameters
  )
  if (typeof scaling === "string") throw refuse(scaling)
  if ((hf.hidden_act ?? "silu") !== "silu") throw refuse(`activation "${hf.hidden_act}"`)
  if (!qwen && hf.attention_bias === true) throw refuse("attention_bias (a bias on the output map)")
  if (hf.mlp_bias === true) throw refuse("mlp_bias")
  if ((hf.partial_rotary_factor ?? 1) !== 1) throw refuse("partial_rotary_factor")
  const heads = hf.num_attention_heads
  const kvHeads = hf.num_key_value_heads ?? heads
  const headDim = hf.head_dim ?? hf.hidden_size / heads
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) throw refuse(`head size ${headDim} is not an even integer`)
  if (heads % kvHeads !== 0) throw refuse(`${heads} heads do not divide into ${kvHeads} key-value heads`)
  const windowed = qwen ? hf.use_sliding_window === true : true
  return {
    layers: hf.num_hidden_layers,
    hidden: hf.hidden_size,
    heads,
    kvHeads,
    headDim,
    ffn: hf.intermediate_size,
    vocab: hf.vocab_size,
    ropeTheta: hf.rope_parameters?.rope_theta ?? hf.rope_theta ?? 10000,
    ...(scaling === undefined ? {} : { ropeScaling: scaling }),
    rmsEps: hf.rms_norm_eps ?? 1e-6,
    tied: hf.tie_word_embeddings ?? false,
    contextLength: Math.min(
      hf.max_position_embeddings ?? (qwen ? 32768 : architecture === "MistralForCausalLM" ? 131072 : 2048),
      windowed ? hf.sliding_window ?? Infinity : Infinity
    ),
    qkvBias: qwen
  }
}

/** The `config.json` that transformers needs to load a model of this configuration. */
export const toHfConfig = (config: LlamaConfig): { readonly [key: string]: unknown } => ({
  architectures: [config.qkvBias ? "Qwen2ForCausalLM" : "LlamaForCausalLM"],
  model_type: config.qkvBias ? "qwen2" : "llama",
  hidden_size: config.hidden,
  num_hidden_layers: config.layers,
  num_attention_heads: config.heads,
  num_key_value_heads: config.kvHeads,
  head_dim: config.headDim,
  intermediate_size: config.ffn,
  vocab_size: config.vocab,
  hidden_act: "silu",
  rms_norm_eps: config.rmsEps,
  rope_theta: config.ropeTheta,
  ...(config.ropeScaling === undefined ? {} : { rope_scaling: toHfScaling(config.ropeScaling) }),
  tie_word_embeddings: config.tied,
  max_position_embeddings: config.contextLength
})

/**
 * Fresh weights: linears N(0, 1/in) with o and down scaled by 0.3, embedding and untied head N(0, 0.02²), norms 1,
 * biases 0. Each parameter has its own random stream, so its values depend on `seed`, its name and its shape only.
 */
export const initialWeights = (config: LlamaConfig, seed: number): Weights => {
  const shapes = parameterShapes(config)
  const weights = allocateWeights(shapes)
  for (const [name, shape] of shapes) {
    const values = weights.get(name)!
    if (name.endsWith("norm.weight")) values.fill(1)
    if (shape.length !== 2) continue
    const random = makeRandom(seed, name)
    const residual = /\.(o_proj|down_proj)\.weight$/.test(name) ? 0.3 : 1
    const scale = name === embeddingName || name === headName ? 0.02 : residual / Math.sqrt(shape[1]!)
    for (let i = 0; i < values.length; i++) values[i] = random.normal() * scale
  }
  return weights
}
