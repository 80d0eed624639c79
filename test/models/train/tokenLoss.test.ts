import { assert, describe, it } from "vitest"
import { Graph } from "../../../models/onnx/Graph.ts"
import { total } from "../../../models/onnx/Elementwise.ts"
import { aggregationWeights } from "../../../models/train/advantage.ts"
import { type TokenLoss, tokenLoss, tokenLossInputs } from "../../../models/train/tokenLoss.ts"
import type { Aggregation } from "../../../models/train/TrainJob.ts"
import golden from "../golden/grpo.json" with { type: "json" }

const { policy } = golden
const width = policy.mask[0]!.length

/** Positions of the unmasked tokens in the flattened golden. */
const places = policy.mask.flat().flatMap((kept, i) => kept === 1 ? [i] : [])
const pick = (rows: ReadonlyArray<ReadonlyArray<number>>) => places.map((i) => rows.flat()[i]!)
const lengths = policy.mask.map((row) => row.reduce((sum, kept) => sum + kept, 0))

const names: Readonly<Record<string, Aggregation>> = {
  "token-mean": "token-mean",
  "seq-mean-token-mean": "sequence-mean",
  "seq-mean-token-sum": "sequence-sum",
  "seq-mean-token-sum-norm": "dr-grpo"
}

const tokenWeights = (mode: string) => {
  const weights = aggregationWeights(lengths, names[mode]!, width)
  return places.map((i) => weights[Math.floor(i / width)]!)
}

/** Runs the loss alone on log-probabilities: its value and its gradient. */
const evaluate = async (loss: TokenLoss, feeds: Readonly<Record<string, ReadonlyArray<number>>>) => {
  const ort = await import("onnxruntime-node")
  const count = feeds["logprobs"]!.length
  const g = new Graph()
  const logprobs = g.input("logprobs", [count], "float32", true)
  const tokens = tokenLoss(g, loss, logprobs, tokenLossInputs(g, loss, count))
  g.output("loss", total(g, tokens))
  g.output("gradient", g.backward([[tokens, g.constant(new Float32Array(count).fill(1))]]).get(logprobs)!)
  const session = await ort.InferenceSession.create(g.encode(), { executionProviders: ["cpu"], intraOpNumThreads: 1 })
  const outputs = await session.run(
    Object.fromEntries(session.inputNames.map((name) => [name, new ort.Tensor("float32", feeds[name]!, [count])]))
  )
  const result = {
    loss: Number(outputs["loss"]!.data[0]),
    gradient: Array.from(outputs["gradient"]!.data as Float32Array)
  }
  await session.release()
  return result
}

const assertClose = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>, title: string) => {
  assert.strictEqual(actual.length, expected.length)
  actual.forEach((value, i) => assert.closeTo(value, expected[i]!, 2e-6, `${title}, token ${i}`))
}

const policyFeeds = (mode: string) => ({
  logprobs: pick(policy.log_prob),
  oldLogprobs: pick(policy.old_log_prob),
  advantages: pick(policy.advantages),
  referenceLogprobs: pick(policy.ref_log_prob),
  weights: tokenWeights(mode)
})

describe("tokenLoss", () => {
  for (const [title, { config, modes }] of Object.entries(policy.expected)) {
    for (const [mode, expected] of Object.entries(modes)) {
      it(`gives verl's clipped loss and gradient: ${title}, ${mode}`, async () => {
        const dual = config.clip_ratio_c < 1e6 ? { dualClip: config.clip_ratio_c } : {}
        const { gradient, loss } = await evaluate(
          { kind: "grpo", clipLow: config.clip_ratio_low, clipHigh: config.clip_ratio_high, klCoefficient: 0, ...dual },
          policyFeeds(mode)
        )
        assert.closeTo(loss, expected.loss, 2e-6)
        assertClose(gradient, pick(expected.grad_log_prob), title)
      })
    }
  }

  for (const [mode, expected] of Object.entries(golden.total)) {
    it(`gives verl's loss with the k3 penalty: ${mode}`, async () => {
      const { gradient, loss } = await evaluate(
        { kind: "grpo", clipLow: 0.2, clipHigh: 0.2, dualClip: 3, klCoefficient: expected.kl_coef },
        policyFeeds(mode)
      )
      assert.closeTo(loss, expected.loss, 2e-6)
      assertClose(gradient, pick(expected.grad_log_prob), mode)
    })
  }

  it("limits the k3 estimate of a single token like verl", async () => {
    const { clamped } = golden.kl.k3
    const { loss } = await evaluate({ kind: "grpo", clipLow: 0.2, clipHigh: 0.2, klCoefficient: 1 }, {
      logprobs: clamped.log_prob,
      oldLogprobs: clamped.log_prob,
      referenceLogprobs: clamped.ref_log_prob,
      advantages: [0, 0, 0],
      weights: [1, 100, 10_000]
    })
    assert.closeTo(loss, clamped.value[0]! + 100 * clamped.value[1]! + 10_000 * clamped.value[2]!, 0.02)
  })

  it("is the weighted negative log-probability for cross entropy", async () => {
    const { gradient, loss } = await evaluate({ kind: "ce" }, { logprobs: [-1, -2, -4], weights: [0.5, 0.25, 0] })
    assert.closeTo(loss, 1, 1e-7)
    assertClose(gradient, [-0.5, -0.25, 0], "cross entropy")
  })
})
