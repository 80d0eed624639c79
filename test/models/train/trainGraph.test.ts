import { assert, describe, it } from "vitest"
import { productFlops } from "../../../bench/models/productFlops.ts"
import { type LinearName, linearNames, type LlamaConfig, parameterName } from "../../../models/Llama.ts"
import { makeRandom } from "../../../models/sample/Random.ts"
import { initialAdapters } from "../../../models/train/adapters.ts"
import type { Arrays } from "../../../models/train/AdamW.ts"
import type { TrainRow } from "../../../models/train/packRows.ts"
import type { RunSizing } from "../../../models/train/runSizing.ts"
import { trainGraph } from "../../../models/train/trainGraph.ts"
import { adapterName, type LoraMode, trainedShapes, type TrainMode } from "../../../models/train/TrainMode.ts"
import type { Weights } from "../../../models/Weights.ts"
import { openEngine } from "./openEngine.ts"
import { type Parameters64, referenceLogprobs, widen } from "./referenceLlama.ts"
import { tinyConfig, tinyRows, tinyWeights } from "./tinyModel.ts"

const wholeBatch: RunSizing = {
  rowsPerRun: 8,
  tokensPerRun: 4096,
  lengthBucket: 16,
  targetBucket: 1 / 16,
  checkpointing: false,
  decoderWidth: 4
}

const engineOf = (
  config: LlamaConfig,
  weights: Weights,
  mode: TrainMode,
  sizing: Partial<RunSizing> = {},
  adapters: Arrays = new Map()
) => {
  return openEngine({
    config,
    weights,
    mode,
    adapters,
    loss: { kind: "ce" },
    threads: 1,
    sizing: { ...wholeBatch, ...sizing }
  })
}

const referenceLoss = (config: LlamaConfig, parameters: Parameters64, rows: ReadonlyArray<TrainRow>): number =>
  rows.reduce((sum, row) => {
    const logprobs = referenceLogprobs(config, parameters, Array.from(row.ids), row.targetFrom)
    return sum - row.weight * logprobs.reduce((a, b) => a + b, 0)
  }, 0)

/** A step small enough for the quadratic error, large enough for float64's rounding. */
const step = 1e-5

/** Central difference of `loss` along `direction`, which is added to `values`. */
const slopeAlong = (values: Float64Array, direction: Float64Array, loss: () => number): number => {
  const start = values.slice()
  const at = (distance: number) => {
    for (let i = 0; i < values.length; i++) values[i] = start[i]! + distance * direction[i]!
    return loss()
  }
  const slope = (at(step) - at(-step)) / (2 * step)
  values.set(start)
  return slope
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/**
 * Checks one gradient per tensor along a random direction: a wrong element changes the projection with certainty, up to
 * float32's rounding, for which 2e-5 of the gradient's length is allowed.
 */
const assertGradients = (gradients: Arrays, parameters: Parameters64, loss: () => number) => {
  for (const [name, gradient] of gradients) {
    const random = makeRandom(8, name)
    const direction = Float64Array.from(gradient, () => random.normal())
    const expected = slopeAlong(parameters.get(name)!, direction, loss)
    const length = Math.sqrt(dot(gradient, gradient))
    assert.isAbove(length, 0, `${name} has no gradient`)
    assert.closeTo(dot(gradient, direction), expected, 2e-5 * length * Math.sqrt(gradient.length) + 1e-7, name)
  }
}

describe("trainGraph", () => {
  const models: ReadonlyArray<readonly [string, LlamaConfig]> = [
    ["a tied head", tinyConfig],
    ["an untied head and q, k, v biases", { ...tinyConfig, tied: false, qkvBias: true }]
  ]
  for (const [title, config] of models) {
    it(`gives the loss and all gradients of a model with ${title}`, async () => {
      const weights = tinyWeights(config)
      const parameters = widen(weights)
      const engine = engineOf(config, weights, { kind: "full" })
      const { logprobs, loss } = await engine.run(tinyRows)
      assert.closeTo(loss, referenceLoss(config, parameters, tinyRows), 1e-6)
      tinyRows.forEach((row, i) => {
        const expected = referenceLogprobs(config, parameters, Array.from(row.ids), row.targetFrom)
        assert.strictEqual(logprobs[i]!.length, expected.length)
        expected.forEach((value, t) => assert.closeTo(logprobs[i]![t]!, value, 1e-5))
      })
      assert.deepStrictEqual([...engine.gradients.keys()], [...trainedShapes(config, { kind: "full" }).keys()])
      assertGradients(engine.gradients, parameters, () => referenceLoss(config, parameters, tinyRows))
    })
  }

  for (const packing of [false, true]) {
    it(`gives the gradients of rows that are attended in spans, ${packing ? "sharing lines" : "alone"}`, async () => {
      const config: LlamaConfig = { ...tinyConfig, contextLength: 512 }
      const weights = tinyWeights(config)
      const parameters = widen(weights)
      const rows = [270, 140, 20].map((length, row): TrainRow => {
        const random = makeRandom(10, `${row}`)
        const ids = Array.from({ length }, () => Math.floor(random.uniform() * config.vocab))
        return { ids, targetFrom: 1, weight: 0.002 }
      })
      const engine = engineOf(config, weights, { kind: "full" }, { packing })
      const { loss } = await engine.run(rows)
      assert.closeTo(loss, referenceLoss(config, parameters, rows), 2e-6)
      // all that attention passes on reaches the first layer's maps; the reference is slow for rows this long
      const first = new Map([...engine.gradients].filter(([name]) => /layers\.0\..*[qkv]_proj/.test(name)))
      assert.strictEqual(first.size, 3)
      assertGradients(first, parameters, () => referenceLoss(config, parameters, rows))
    })
  }

  it("computes no scores behind a span of 128 queries", () => {
    const { headDim, heads, layers } = tinyConfig
    const flops = (length: number) =>
      productFlops(() =>
        trainGraph(tinyConfig, { batch: 1, length, targets: 16, mode: { kind: "full" }, loss: "none" })
      )
    // linear maps and head cost per token; two products of attention, 2·headDim operations for each score and head
    const scores = (count: number) => 2 * 2 * layers * heads * headDim * count
    const perToken = (flops(128) - flops(64) - scores(128 * 128 - 64 * 64)) / 64
    assert.strictEqual(flops(512) - flops(128) - 384 * perToken, scores(128 * (256 + 384 + 512)))
  })

  it("recomputes no product that no gradient needs", () => {
    const graph = trainGraph(tinyConfig, {
      batch: 2,
      length: 32,
      targets: 16,
      mode: { kind: "full" },
      loss: { kind: "ce" },
      checkpointing: true
    })
    const count = (op: string) => graph.neededNodes().filter((node) => node.op === op).length
    // 7 maps forward, two gradients of each, all but the last of each half again; the head and its two gradients
    assert.strictEqual(count("Gemm"), tinyConfig.layers * (7 + 14 + 5) + 3)
    assert.strictEqual(count("FusedMatMul"), tinyConfig.layers * (2 + 4 + 2))
  })

  it("gives the gradients of adapters on some of the linear maps", async () => {
    const config: LlamaConfig = { ...tinyConfig, qkvBias: true }
    const mode: LoraMode = { kind: "lora", rank: 3, alpha: 5, targets: ["q", "v", "o", "down"] }
    const weights = tinyWeights(config)
    const adapters = initialAdapters(config, mode, 1)
    const random = makeRandom(9)
    // B starts at zero, where A has no gradient.
    for (const [name, values] of adapters) {
      if (name.includes("lora_B")) values.forEach((_, i) => values[i] = random.normal() * 0.2)
    }
    const engine = engineOf(config, weights, mode, {}, adapters)
    const { loss } = await engine.run(tinyRows)

    const parameters = widen(adapters)
    const adapted = () => {
      const merged = widen(weights)
      for (let layer = 0; layer < config.layers; layer++) {
        for (const name of mode.targets) {
          const a = parameters.get(adapterName(layer, name, "a"))!
          const b = parameters.get(adapterName(layer, name, "b"))!
          const weight = merged.get(parameterName(layer, name))!
          const columns = a.length / mode.rank
          for (let i = 0; i < weight.length; i++) {
            for (let r = 0; r < mode.rank; r++) {
              weight[i]! += 5 / 3 * b[Math.floor(i / columns) * mode.rank + r]! * a[r * columns + i % columns]!
            }
          }
        }
      }
      return referenceLoss(config, merged, tinyRows)
    }
    assert.closeTo(loss, adapted(), 1e-6)
    assert.strictEqual(engine.gradients.size, 2 * 4 * 2)
    assertGradients(engine.gradients, parameters, adapted)
  })

  it("recomputes activations to the same gradients", async () => {
    const weights = tinyWeights(tinyConfig)
    const lora: LoraMode = { kind: "lora", rank: 2, alpha: 4, targets: linearNames }
    for (const mode of [{ kind: "full" } as const, lora]) {
      const adapters = mode.kind === "lora" ? initialAdapters(tinyConfig, mode, 2) : new Map<string, Float32Array>()
      const plain = engineOf(tinyConfig, weights, mode, {}, adapters)
      const checkpointing = engineOf(tinyConfig, weights, mode, { checkpointing: true }, adapters)
      const expected = await plain.run(tinyRows)
      const actual = await checkpointing.run(tinyRows)
      assert.strictEqual(actual.loss, expected.loss)
      for (const [name, gradient] of checkpointing.gradients) {
        assert.deepStrictEqual(gradient, plain.gradients.get(name), name)
      }
    }
  })

  it("adds up the same gradients from micro-batches and from one run", async () => {
    const weights = tinyWeights(tinyConfig)
    const whole = engineOf(tinyConfig, weights, { kind: "full" })
    const parts = engineOf(tinyConfig, weights, { kind: "full" }, { rowsPerRun: 1, lengthBucket: 4 })
    const expected = await whole.run(tinyRows)
    const actual = await parts.run(tinyRows)
    assert.closeTo(actual.loss, expected.loss, 1e-6)
    for (const [name, gradient] of parts.gradients) {
      const other = whole.gradients.get(name)!
      const difference = gradient.map((value, i) => value - other[i]!)
      assert.isBelow(Math.sqrt(dot(difference, difference)), 3e-6 * Math.sqrt(dot(other, other)), name)
    }
    assert.deepStrictEqual(actual.logprobs.map((row) => row.length), [6, 13, 3])
  })

  it("gives the same log-probabilities from several runs without a loss", async () => {
    const weights = tinyWeights(tinyConfig)
    const scorer = (sizing: Partial<RunSizing>) =>
      openEngine({
        config: tinyConfig,
        weights,
        mode: { kind: "full" },
        adapters: new Map(),
        loss: "none",
        threads: 1,
        sizing: { ...wholeBatch, ...sizing }
      })
    const expected = await scorer({}).run(tinyRows)
    const actual = await scorer({ rowsPerRun: 1 }).run(tinyRows)
    assert.strictEqual(actual.loss, 0)
    assert.deepStrictEqual(actual.logprobs.map((row) => row.length), [6, 13, 3])
    actual.logprobs.forEach((row, i) => {
      row.forEach((value, t) => assert.closeTo(value, expected.logprobs[i]![t]!, 1e-6))
    })
  })

  it("forgets the gradients of the batch before", async () => {
    const weights = tinyWeights({ ...tinyConfig, tied: false })
    const engine = engineOf({ ...tinyConfig, tied: false }, weights, { kind: "full" })
    await engine.run(tinyRows)
    const first = new Map(Array.from(engine.gradients, ([name, values]) => [name, values.slice()]))
    await engine.run(tinyRows)
    for (const [name, gradient] of engine.gradients) assert.deepStrictEqual(gradient, first.get(name), name)
  })

  it("names adapters like PEFT and only those asked for", () => {
    const targets: ReadonlyArray<LinearName> = ["v", "up"]
    const shapes = trainedShapes(tinyConfig, { kind: "lora", rank: 4, alpha: 8, targets })
    assert.deepStrictEqual([...shapes].slice(0, 4), [
      ["model.layers.0.self_attn.v_proj.lora_A.weight", [4, 16]],
      ["model.layers.0.self_attn.v_proj.lora_B.weight", [16, 4]],
      ["model.layers.0.mlp.up_proj.lora_A.weight", [4, 16]],
      ["model.layers.0.mlp.up_proj.lora_B.weight", [24, 4]]
    ])
    assert.strictEqual(shapes.size, 8)
  })
})
