/** Memory reckoned before a model is loaded, and the refusal when there is less. */
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { type LlamaConfig, parameterShapes } from "../../models/Llama.ts"
import { decoderMemory, NotEnoughMemory, policyMemory, trainingMemory, weightsMemory } from "../../models/memory.ts"
import { openSampler } from "../../models/sample/Sampler.ts"
import { trainGrpo, trainSft } from "../../models/train/Trainer.ts"
import { tinyConfig } from "./train/tinyModel.ts"
import { newFolder, sftJob, writeBase } from "./train/trainingFixture.ts"

/** SmolLM2-135M. */
const smol: LlamaConfig = {
  layers: 30,
  hidden: 576,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
  ffn: 1536,
  vocab: 49152,
  ropeTheta: 100000,
  rmsEps: 1e-5,
  tied: true,
  contextLength: 8192,
  qkvBias: false
}

const total = (parts: Readonly<Record<string, number>>) => Object.values(parts).reduce((a, b) => a + b, 0)

describe("the estimate", () => {
  it("counts every parameter once", () => {
    assert.deepStrictEqual(weightsMemory(smol), { weights: 4 * 134_515_008 })
    const elements = [...parameterShapes(tinyConfig).values()].map((shape) => shape.reduce((a, b) => a * b, 1))
    assert.deepStrictEqual(weightsMemory(tinyConfig), { weights: 4 * elements.reduce((a, b) => a + b, 0) })
  })

  it("is near the peaks measured with a 135M model, in MiB above the process's own", () => {
    const near = (parts: Readonly<Record<string, number>>, measured: number) =>
      assert.closeTo(total(parts) / 2 ** 20 / measured, 1, 0.25)
    near(decoderMemory(smol, "f32"), 1410)
    near(decoderMemory(smol, "int8"), 1162)
    const training = (trained: number, tokens: number, longest: number, checkpointing: boolean) => ({
      ...weightsMemory(smol),
      ...trainingMemory(smol, { trained, tokens, longest, accumulated: false, checkpointing })
    })
    // LoRA of rank 16 on all maps, recomputed and not, and all parameters
    near(training(4_884_480, 2160, 540, true), 1998)
    near(training(4_884_480, 1000, 240, true), 1379)
    near(training(4_884_480, 540, 540, false), 1803)
    near(training(134_515_008, 1000, 240, true), 3013)
  })

  it("grows with what it is about", () => {
    const size = { trained: 1000, tokens: 100, longest: 50, accumulated: false, checkpointing: true }
    const { gradients, "optimiser state": moments } = trainingMemory(tinyConfig, size)
    assert.deepStrictEqual([gradients, moments], [4000, 8000])
    assert.strictEqual(trainingMemory(tinyConfig, { ...size, accumulated: true })["gradients"], 8000)
    assert.deepStrictEqual(policyMemory(tinyConfig, { lora: false, reference: true }), {
      "starting model": weightsMemory(tinyConfig)["weights"]!
    })
    // two layers of q, o 16 × 32 ; k, v 16 × 16 ; gate, up, down 16 × 24
    const linears = 2 * (2 * 512 + 2 * 256 + 3 * 384)
    assert.deepStrictEqual(policyMemory(tinyConfig, { lora: true, reference: true }), {
      "merged adapters": 4 * linears
    })
  })
})

let base: string

beforeAll(async () => {
  base = await writeBase()
})

const refusal = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(() => assert.fail("it should have been refused"), (cause: unknown) => cause)
  assert.instanceOf(error, NotEnoughMemory)
  return (error as NotEnoughMemory).message
}

describe("a job that needs more memory than there is", () => {
  it("is refused before weights are loaded, and says what takes how much and what would take less", async () => {
    const sampler = refusal(openSampler(base, { width: 4, threads: 1, memoryBytes: 1000 }))
    assert.match(
      await sampler,
      /^sampling from .*base needs about 1 MB of memory \(weights 1 MB, .*\) and 1 MB are free: take int8 weights/
    )
    const job = sftJob(base)
    assert.match(await refusal(trainSft(job, { threads: 1, memoryBytes: 1000 })), /^loading .*base needs about/)
  })

  it("is refused before the first step when the weights fit and training does not", async () => {
    const weights = weightsMemory(tinyConfig)["weights"]!
    const options = { threads: 1, memoryBytes: weights + 1 }
    assert.match(
      await refusal(trainSft(sftJob(base), options)),
      /^training from .*base needs .*\(gradients .*, optimiser state .*, activations .*\).*train adapters .*recompute/
    )
    const { betas, dtype, learningRate, seed, weightDecay } = sftJob(base)
    const grpo = trainGrpo({
      from: base,
      to: join(newFolder(), "trained"),
      prompts: [{ id: "p", prompt: "a", kind: "k" }],
      mix: { k: 1 },
      steps: 1,
      aggregation: "token-mean",
      temperature: 1,
      topP: 1,
      maxNewTokens: 4,
      dropUniformGroups: true,
      minMixedShare: 0,
      mode: "full",
      clipNorm: 1,
      checkpointEverySteps: 0,
      klCoefficient: 0.1,
      betas,
      dtype,
      learningRate,
      seed,
      weightDecay
    }, { ...options, reward: async (batch) => batch.map(() => 0) })
    assert.match(await refusal(grpo), /starting model .*the longest has 6 tokens/)
  })

  it("is not refused for nothing: the same jobs run with what they were said to need", async () => {
    const sampler = await openSampler(base, {
      width: 4,
      threads: 1,
      memoryBytes: total(decoderMemory(tinyConfig, "f32"))
    })
    await sampler.close()
    await trainSft(sftJob(base, { epochs: 1 }), { threads: 1, memoryBytes: 50e6 })
  })
})
