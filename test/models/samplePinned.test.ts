/**
 * Outputs of a small seeded model, pinned. When this fails because outputs changed on purpose, change `engineVersion`
 * and the values together: cached samples of the old engine are then no longer taken for the new one's.
 */
import { assert, describe, it } from "vitest"
import { engineVersion } from "../../models/engineVersion.ts"
import { initialWeights } from "../../models/Llama.ts"
import { Decoder } from "../../models/sample/Decoder.ts"
import { makeTokenizer } from "../../models/Tokenizer.ts"
import { tinyConfig, tinyWords } from "./loadFixtures.ts"

const greedy = { temperature: 0, topP: 1, topK: 0 }
const requests = [
  { ...greedy, promptIds: [1, 3, 4, 2], maxNewTokens: 8, seed: 1 },
  { ...greedy, promptIds: [1, 20, 2], maxNewTokens: 8, seed: 1 },
  { temperature: 1.5, topP: 1, topK: 0, promptIds: [1, 3, 4, 2], maxNewTokens: 8, seed: 1 },
  { temperature: 1.5, topP: 0.9, topK: 20, minP: 0.01, promptIds: [1, 3, 4, 2], maxNewTokens: 8, seed: 2 }
]

describe(engineVersion, () => {
  it("gives these tokens and log-probabilities", async () => {
    const config = { ...tinyConfig, tied: false }
    const weights = initialWeights(config, 1)
    for (const [name, values] of weights) {
      if (/embed|lm_head/.test(name)) values.forEach((value, i) => values[i] = 25 * value)
    }
    const tokenizer = await makeTokenizer(tinyWords)
    const decoder = await Decoder.open({ config, weights, tokenizer, width: 4, threads: 1, parameters: "packed" })
    const samples = await decoder.generate(requests)
    await decoder.release()
    assert.strictEqual(engineVersion, "embedded-2")
    // the likeliest tokens lead by a wide margin, so another processor's rounding does not change them
    assert.deepStrictEqual(samples.map(({ ids }) => ids), [
      [20, 1, 3, 14, 17, 31, 9, 20],
      [20, 1, 3, 14, 17, 22, 24, 3],
      [35, 3, 14, 14, 20, 24, 17, 31],
      [2, 3, 14, 14, 17, 31, 9, 20]
    ])
    const sums = samples.map(({ logprobs }) => logprobs.reduce((a, b) => a + b, 0))
    ;[-4.457786, -4.475529, -21.674312, -11.948136].forEach((sum, i) => assert.closeTo(sums[i]!, sum, 1e-4))
  })
})
