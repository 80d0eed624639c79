/**
 * The training graphs against PyTorch in float64: losses, log-probabilities and the gradient of every parameter, for
 * cross entropy and for the clipped policy objective, all parameters and adapters, with and without recomputation.
 */
import { assert, describe, it } from "vitest"
import type { LlamaConfig } from "../../../models/Llama.ts"
import type { Arrays } from "../../../models/train/AdamW.ts"
import { GradientEngine } from "../../../models/train/GradientEngine.ts"
import type { RunSizing } from "../../../models/train/runSizing.ts"
import {
  goldenAdapters,
  goldenConfigs,
  goldenLora,
  goldenLoss,
  goldenRollouts,
  goldenWeights
} from "../golden/goldenModels.ts"
import golden from "../golden/llama.json" with { type: "json" }

const sizing: RunSizing = {
  rowsPerRun: 8,
  tokensPerRun: 4096,
  lengthBucket: 8,
  targetBucket: 1 / 8,
  checkpointing: false,
  decoderWidth: 4
}

const floats = (base64: string): Float32Array => {
  const bytes = Buffer.from(base64, "base64")
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer)
}

/** Length of the difference of two sets of arrays, as a share of the second's length. */
const relativeError = (actual: Arrays, expected: Readonly<Record<string, string>>): number => {
  let difference = 0
  let length = 0
  for (const [name, base64] of Object.entries(expected)) {
    const reference = floats(base64)
    const values = actual.get(name)!
    assert.strictEqual(values.length, reference.length, name)
    reference.forEach((value, i) => {
      difference += (values[i]! - value) ** 2
      length += value ** 2
    })
  }
  return Math.sqrt(difference / length)
}

const variants: ReadonlyArray<readonly [string, Partial<RunSizing>]> = [
  ["", {}],
  [", recomputed", { checkpointing: true }],
  [", packed", { packing: true }],
  [", in the layout of shared prompts", { sharedPrefixes: true, tokensPerRun: 40 }],
  [", packed and recomputed in small runs", { packing: true, checkpointing: true, tokensPerRun: 40 }]
]

const models = Object.entries(golden.models) as ReadonlyArray<readonly [string, typeof golden.models.tied]>

describe("gradients equal PyTorch's", () => {
  for (const [name, expected] of models) {
    const config: LlamaConfig = goldenConfigs[name]!
    for (const mode of ["full", "lora"] as const) {
      for (const kind of ["ce", "grpo"] as const) {
        for (const [title, change] of variants) {
          it(`${name}, ${mode}, ${kind}${title}`, async () => {
            const engine = new GradientEngine({
              config,
              weights: goldenWeights(config),
              mode: mode === "full" ? { kind: "full" } : goldenLora,
              adapters: mode === "full" ? new Map() : goldenAdapters(config),
              loss: kind === "ce" ? { kind: "ce" } : goldenLoss,
              threads: 1,
              sizing: { ...sizing, ...change }
            })
            const { logprobs, loss } = await engine.run(goldenRollouts)
            await engine.release()
            const { gradients, loss: expectedLoss } = expected[mode][kind]
            assert.closeTo(loss, expectedLoss, 1e-5 * Math.abs(expectedLoss))
            assert.deepStrictEqual([...engine.gradients.keys()].sort(), Object.keys(gradients).sort())
            assert.isBelow(relativeError(engine.gradients, gradients), 1e-5)
            const expectedLogprobs = mode === "full" ? expected.logprobs : expected.adaptedLogprobs
            expectedLogprobs.forEach((row, i) =>
              row.forEach((value, t) => assert.closeTo(logprobs[i]![t]!, value, 1e-5))
            )
          })
        }
      }
    }
  }

  it("and the policy objective is one in which most clipping rules are met", () => {
    for (const [, { full, lora }] of models) {
      assert.isAbove(full.grpo.clippedTokens, 10)
      assert.isAbove(lora.grpo.clippedTokens, 10)
    }
  })
})
