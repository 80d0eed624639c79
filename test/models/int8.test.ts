/** Weights as 8-bit integers: the numbers of a block, and how far a model's log-probabilities move. */
import { assert, describe, it } from "vitest"
import { quantise } from "../../models/decode/quantise.ts"
import { engineVersion } from "../../models/engineVersion.ts"
import { type LlamaConfig, parameterShapes } from "../../models/Llama.ts"
import { Decoder } from "../../models/sample/Decoder.ts"
import { makeRandom } from "../../models/sample/Random.ts"
import { samplerFingerprint } from "../../models/fingerprints.ts"
import { makeTokenizer, wordLevelFiles } from "../../models/Tokenizer.ts"
import type { Weights } from "../../models/Weights.ts"
import { goldenConfigs, goldenWeights } from "./golden/goldenModels.ts"
import { referenceLogits } from "./sampleReference.ts"

describe("quantise", () => {
  it("makes the largest magnitude of a block 127 and fills the last block up", () => {
    // 40 columns: blocks of 32 and 8
    const row = Float32Array.from({ length: 40 }, (_, i) => i === 3 ? -2.54 : i === 5 ? 0.031 : i === 33 ? 12.7 : 0)
    const { scales, values } = quantise(row, 40)
    assert.deepStrictEqual([...scales], [2.54 / 127, 12.7 / 127].map(Math.fround))
    assert.deepStrictEqual([values.length, values[3], values[5], values[33], values[39], values[63]], [
      64,
      1,
      130, // 0.031 / 0.02 = 1.55 becomes 2
      255,
      128,
      128
    ])
  })

  it("is off by half a scale at most, and leaves zeros alone", () => {
    const random = makeRandom(3)
    const matrix = Float32Array.from({ length: 3 * 70 }, (_, i) => i < 70 ? 0 : random.normal())
    const { scales, values } = quantise(matrix, 70)
    matrix.forEach((value, i) => {
      const place = Math.floor(i / 70) * 3 + Math.floor(i % 70 / 32)
      const back = (values[place * 32 + i % 70 % 32]! - 128) * scales[place]!
      assert.isAtMost(Math.abs(back - value), scales[place]! * 0.5001)
    })
    assert.deepStrictEqual([...scales.subarray(0, 3)], [0, 0, 0])
  })
})

const words = ["<pad>", ...Array.from({ length: 16 }, (_, i) => `w${i}`)]

const greedy = async (config: LlamaConfig, weights: Weights, precision: "f32" | "int8") => {
  const tokenizer = await makeTokenizer(
    wordLevelFiles({ words, endToken: "<never>", padToken: "<pad>", chatTemplate: "" })
  )
  const decoder = await Decoder.open({
    config,
    weights,
    tokenizer,
    width: 4,
    threads: 1,
    parameters: "packed",
    precision
  })
  const requests = [[5], [1, 3, 4, 2, 9, 16], [7, 7, 0, 12]].map((promptIds) => ({
    promptIds,
    maxNewTokens: 12,
    temperature: 0,
    topP: 1,
    topK: 0,
    seed: 0
  }))
  const samples = await decoder.generate(requests)
  await decoder.release()
  return samples.map((sample, i) => ({ ...sample, promptIds: requests[i]!.promptIds }))
}

/** `weights` with every linear map, and the head, rounded as `quantise` does. */
const rounded = (config: LlamaConfig, weights: Weights): Weights =>
  new Map(Array.from(parameterShapes(config), ([name, shape]) => {
    const values = weights.get(name)!
    if (shape.length === 1 || name.includes("embed")) return [name, values]
    const { scales, values: bytes } = quantise(values, shape[1]!)
    const blocks = Math.ceil(shape[1]! / 32)
    return [
      name,
      values.map((_, i) => {
        const block = Math.floor(i / shape[1]!) * blocks + Math.floor(i % shape[1]! / 32)
        return (bytes[block * 32 + i % shape[1]! % 32]! - 128) * scales[block]!
      })
    ]
  }))

describe("a decoder with int8 weights", () => {
  it("computes with the rounded weights, biases and untied head included, operands rounded to 8 bits", async () => {
    const config = goldenConfigs["qwen"]!
    const weights = goldenWeights(config)
    const near = rounded(config, weights)
    let moved = 0
    for (const { ids, logprobs, promptIds } of await greedy(config, weights, "int8")) {
      const logits = referenceLogits(config, near, [...promptIds, ...ids])
      ids.forEach((id, at) => {
        const row = logits[promptIds.length + at - 1]!
        const expected = row[id]! - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0))
        assert.closeTo(logprobs[at]!, expected, 0.1)
        moved = Math.max(moved, Math.abs(logprobs[at]! - expected))
      })
    }
    assert.isAbove(moved, 1e-6)
  })

  it("is another engine to the cache, and the same one without it", () => {
    assert.strictEqual(samplerFingerprint({}), engineVersion)
    assert.strictEqual(samplerFingerprint({ precision: "f32" }), engineVersion)
    assert.strictEqual(samplerFingerprint({ precision: "int8" }), `${engineVersion}/int8`)
  })

  it("needs packed weights", async () => {
    const config = goldenConfigs["tied"]!
    const tokenizer = await makeTokenizer(
      wordLevelFiles({ words, endToken: "<never>", padToken: "<pad>", chatTemplate: "" })
    )
    const opened = Decoder.open({
      config,
      weights: goldenWeights(config),
      tokenizer,
      width: 2,
      threads: 1,
      parameters: "shared",
      precision: "int8"
    })
    const error = await opened.then(() => undefined, (cause: Error) => cause)
    assert.include(error!.message, "int8 weights are packed ones")
  })
})
