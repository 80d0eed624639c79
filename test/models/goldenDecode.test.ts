/** The decoder against transformers in float64: greedy tokens, their log-probabilities, scaled rotations. */
import { assert, describe, it } from "vitest"
import type { LlamaConfig } from "../../models/Llama.ts"
import { Decoder } from "../../models/sample/Decoder.ts"
import { makeTokenizer, wordLevelFiles } from "../../models/Tokenizer.ts"
import { goldenConfigs, goldenWeights } from "./golden/goldenModels.ts"
import golden from "./golden/llama.json" with { type: "json" }

const words = ["<pad>", ...Array.from({ length: 16 }, (_, i) => `w${i}`)]

/** No token ends an answer. */
const endless = wordLevelFiles({ words, endToken: "<never>", padToken: "<pad>", chatTemplate: "" })

describe("greedy answers equal those of transformers", () => {
  for (const [name, { greedy }] of Object.entries(golden.models)) {
    for (const parameters of ["shared", "packed"] as const) {
      it(`${name}, ${parameters} weights`, async () => {
        const config: LlamaConfig = goldenConfigs[name]!
        const decoder = await Decoder.open({
          config,
          weights: goldenWeights(config),
          tokenizer: await makeTokenizer(endless),
          width: 4,
          threads: 1,
          parameters
        })
        const samples = await decoder.generate(greedy.map(({ ids, prompt }) => ({
          promptIds: prompt,
          maxNewTokens: ids.length,
          temperature: 0,
          topP: 1,
          topK: 0,
          seed: 0
        })))
        await decoder.release()
        samples.forEach((sample, i) => {
          assert.deepStrictEqual(sample.ids, greedy[i]!.ids)
          greedy[i]!.logprobs.forEach((value, at) => assert.closeTo(sample.logprobs[at]!, value, 1e-5))
        })
      })
    }
  }
})
