/** Configurations of Llama-family models, their parameters, rotary tables and initial weights. */
import { assert, describe, it } from "vitest"
import {
  fromHfConfig,
  initialWeights,
  parameterName,
  parameterShapes,
  ropeTables,
  toHfConfig
} from "../../models/Llama.ts"
import ropeGolden from "./golden/rope.json" with { type: "json" }
import { tinyConfig } from "./loadFixtures.ts"

const qwen = {
  architectures: ["Qwen2ForCausalLM"],
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 128,
  vocab_size: 100,
  rms_norm_eps: 1e-6,
  rope_theta: 1000000,
  sliding_window: 16,
  use_sliding_window: false,
  tie_word_embeddings: true,
  max_position_embeddings: 512,
  model_type: "qwen2",
  an_unknown_key: [1]
}

/** As Llama 3.1 states it. */
const llama3 = {
  rope_type: "llama3",
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192
}

describe("fromHfConfig", () => {
  it("reads Qwen2: biases on q, k and v, head size from the hidden size, no window unless asked", () => {
    assert.deepStrictEqual(fromHfConfig(qwen), {
      layers: 2,
      hidden: 64,
      heads: 4,
      kvHeads: 2,
      headDim: 16,
      ffn: 128,
      vocab: 100,
      ropeTheta: 1000000,
      rmsEps: 1e-6,
      tied: true,
      contextLength: 512,
      qkvBias: true
    })
  })

  it("takes a sliding window as the context length", () => {
    const mistral = { ...qwen, architectures: ["MistralForCausalLM"], head_dim: 32 }
    assert.deepInclude(fromHfConfig(mistral), { contextLength: 16, headDim: 32, qkvBias: false })
  })

  it("reads the rotary base where newer files have it", () => {
    const config = { ...qwen, rope_theta: undefined, rope_parameters: { rope_theta: 5000, rope_type: "default" } }
    assert.strictEqual(fromHfConfig(JSON.parse(JSON.stringify(config))).ropeTheta, 5000)
  })

  it("reads Llama 3's rotary scaling, in either place", () => {
    const scaling = { factor: 8, lowFrequency: 1, highFrequency: 4, originalContext: 8192 }
    const llama = { ...qwen, architectures: ["LlamaForCausalLM"] }
    assert.deepStrictEqual(fromHfConfig({ ...llama, rope_scaling: llama3 }).ropeScaling, scaling)
    const newer = fromHfConfig({ ...llama, rope_parameters: { ...llama3, rope_theta: 500000 } })
    assert.deepInclude(newer, { ropeScaling: scaling, ropeTheta: 500000 })
  })

  it("inverts toHfConfig", () => {
    const ropeScaling = { factor: 32, lowFrequency: 1, highFrequency: 4, originalContext: 8192 }
    for (
      const config of [tinyConfig, { ...tinyConfig, tied: false, qkvBias: true, headDim: 12 }, {
        ...tinyConfig,
        ropeScaling
      }]
    ) {
      assert.deepStrictEqual(fromHfConfig(JSON.parse(JSON.stringify(toHfConfig(config)))), config)
    }
  })

  it("names what it cannot run", () => {
    const reason = (change: object) => {
      try {
        fromHfConfig({ ...qwen, architectures: ["LlamaForCausalLM"], ...change })
      } catch (error) {
        return (error as Error).message
      }
    }
    assert.include(reason({ architectures: ["GemmaForCausalLM"] }), "cannot run GemmaForCausalLM: unknown architecture")
    assert.include(reason({ rope_scaling: { type: "linear", factor: 2 } }), "rope scaling \"linear\" is not \"llama3\"")
    assert.include(reason({ rope_scaling: { rope_type: "dynamic", factor: 2 } }), "rope scaling \"dynamic\"")
    assert.include(reason({ rope_parameters: { rope_type: "yarn", factor: 2 } }), "rope scaling \"yarn\"")
    assert.include(reason({ rope_scaling: { rope_type: "llama3", factor: 8 } }), "rope scaling has no lowFrequency")
    assert.include(
      reason({ rope_scaling: { ...llama3, low_freq_factor: 4 } }),
      "has low_freq_factor 4, not below high_freq_factor 4"
    )
    assert.include(reason({ hidden_act: "gelu" }), "activation \"gelu\"")
    assert.include(reason({ attention_bias: true }), "attention_bias")
    assert.include(reason({ mlp_bias: true }), "mlp_bias")
    assert.include(reason({ num_attention_heads: 3 }), "head size 21.33")
    assert.include(reason({ num_key_value_heads: 3 }), "4 heads do not divide into 3")
    assert.include(reason({ hidden_size: "64" }), "its config.json does not parse")
  })
})

describe("parameters", () => {
  it("have the names and shapes of Hugging Face", () => {
    assert.strictEqual(parameterName(3, "gate"), "model.layers.3.mlp.gate_proj.weight")
    assert.strictEqual(parameterName(0, "q", "bias"), "model.layers.0.self_attn.q_proj.bias")
    assert.strictEqual(parameterName(1, "input_layernorm"), "model.layers.1.input_layernorm.weight")
    const shapes = parameterShapes({ ...tinyConfig, layers: 1, tied: false, qkvBias: true })
    assert.deepStrictEqual([...shapes], [
      ["model.embed_tokens.weight", [40, 32]],
      ["model.layers.0.input_layernorm.weight", [32]],
      ["model.layers.0.self_attn.q_proj.weight", [32, 32]],
      ["model.layers.0.self_attn.q_proj.bias", [32]],
      ["model.layers.0.self_attn.k_proj.weight", [16, 32]],
      ["model.layers.0.self_attn.k_proj.bias", [16]],
      ["model.layers.0.self_attn.v_proj.weight", [16, 32]],
      ["model.layers.0.self_attn.v_proj.bias", [16]],
      ["model.layers.0.self_attn.o_proj.weight", [32, 32]],
      ["model.layers.0.mlp.gate_proj.weight", [64, 32]],
      ["model.layers.0.mlp.up_proj.weight", [64, 32]],
      ["model.layers.0.mlp.down_proj.weight", [32, 64]],
      ["model.layers.0.post_attention_layernorm.weight", [32]],
      ["model.norm.weight", [32]],
      ["lm_head.weight", [40, 32]]
    ])
    assert.strictEqual(parameterShapes(tinyConfig).has("lm_head.weight"), false)
  })

  it("start with the variances stated, from the seed and the name alone", () => {
    const config = { ...tinyConfig, hidden: 128, ffn: 256, vocab: 300 }
    const weights = initialWeights(config, 5)
    const deviation = (name: string) => {
      const values = weights.get(name)!
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
    }
    assert.closeTo(deviation("model.embed_tokens.weight") / 0.02, 1, 0.02)
    assert.closeTo(deviation("model.layers.0.mlp.gate_proj.weight") * Math.sqrt(128), 1, 0.02)
    assert.closeTo(deviation("model.layers.1.mlp.down_proj.weight") * Math.sqrt(256), 0.3, 0.01)
    assert.deepStrictEqual(new Set(weights.get("model.norm.weight")), new Set([1]))
    const deeper = initialWeights({ ...config, layers: 3 }, 5)
    assert.deepStrictEqual(
      deeper.get("model.layers.1.self_attn.q_proj.weight"),
      weights.get("model.layers.1.self_attn.q_proj.weight")
    )
    assert.notDeepEqual(
      initialWeights(config, 6).get("model.embed_tokens.weight"),
      weights.get("model.embed_tokens.weight")
    )
  })
})

describe("ropeTables", () => {
  it("stretches long wavelengths by Llama 3's rule, as transformers computes it", () => {
    for (const { config, inverseFrequencies } of ropeGolden.cases) {
      const parsed = fromHfConfig(config)
      const { cos, sin } = ropeTables(parsed, 2)
      // the second row holds the angles of one token
      const half = parsed.headDim / 2
      assert.deepStrictEqual([...cos.subarray(half)], inverseFrequencies.map((angle) => Math.fround(Math.cos(angle))))
      assert.deepStrictEqual([...sin.subarray(half)], inverseFrequencies.map((angle) => Math.fround(Math.sin(angle))))
    }
  })

  it("holds cosines and sines of position times frequency, rounded as in transformers", () => {
    const { cos, sin } = ropeTables({ ...tinyConfig, headDim: 4, ropeTheta: 100 }, 3)
    // frequencies 1 and 100^(-1/2) = 0.1
    assert.deepStrictEqual(
      [...cos],
      [1, 1, Math.cos(1), Math.cos(Math.fround(0.1)), Math.cos(2), Math.cos(Math.fround(0.2))].map(Math.fround)
    )
    assert.deepStrictEqual(
      [...sin],
      [0, 0, Math.sin(1), Math.sin(Math.fround(0.1)), Math.sin(2), Math.sin(Math.fround(0.2))].map(Math.fround)
    )
  })
})
