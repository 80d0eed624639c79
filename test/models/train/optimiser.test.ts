import { assert, describe, it } from "vitest"
import { AdamW, clipScale, globalNorm } from "../../../models/train/AdamW.ts"
import { scheduleFactor } from "../../../models/train/schedule.ts"

const array = (...values: ReadonlyArray<number>) => new Map([["p", Float32Array.from(values)]])

describe("AdamW", () => {
  it("takes the two steps worked out by hand", () => {
    // Step 1: m = 0.1 g and v = 0.01 g², corrected to g and g²; the step is lr · sign(g) after decay by 1 − 0.1 · 0.5.
    // Step 2 with g = 0: m = 0.09 g / 0.19 and v = 0.0099 g² / 0.0199.
    const parameters = array(1, -2)
    const optimizer = new AdamW(parameters, { betas: [0.9, 0.99], weightDecay: 0.5, epsilon: 0 })
    optimizer.step(parameters, array(4, -0.25), 0.1)
    assert.closeTo(parameters.get("p")![0]!, 0.95 - 0.1, 1e-6)
    assert.closeTo(parameters.get("p")![1]!, -1.9 + 0.1, 1e-6)
    optimizer.step(parameters, array(0, 0), 0.1)
    const second = 0.1 * (0.09 / 0.19) / Math.sqrt(0.0099 / 0.0199)
    assert.closeTo(parameters.get("p")![0]!, 0.85 * 0.95 - second, 1e-6)
    assert.closeTo(parameters.get("p")![1]!, -1.8 * 0.95 + second, 1e-6)
    assert.strictEqual(optimizer.steps, 2)
  })

  it("scales the gradient before it enters the moments", () => {
    const scaled = array(1)
    const plain = array(1)
    const options = { betas: [0.9, 0.99], weightDecay: 0, epsilon: 1 } as const
    new AdamW(scaled, options).step(scaled, array(8), 0.1, 0.25)
    new AdamW(plain, options).step(plain, array(2), 0.1)
    assert.deepStrictEqual(scaled, plain)
    assert.closeTo(plain.get("p")![0]!, 1 - 0.1 * 2 / 3, 1e-6)
  })

  it("finds the minimum of a quadratic", () => {
    const parameters = array(3, -5)
    const optimizer = new AdamW(parameters, { betas: [0.9, 0.999], weightDecay: 0 })
    for (let step = 0; step < 400; step++) {
      const [x, y] = parameters.get("p")!
      optimizer.step(parameters, array(2 * (x! - 1), 20 * (y! + 2)), 0.1 * (1 - step / 400))
    }
    assert.closeTo(parameters.get("p")![0]!, 1, 1e-2)
    assert.closeTo(parameters.get("p")![1]!, -2, 1e-2)
  })
})

describe("clipping by global norm", () => {
  it("takes all arrays as one vector", () => {
    assert.closeTo(globalNorm(new Map([["a", Float32Array.of(3)], ["b", Float32Array.of(0, -4)]])), 5, 1e-12)
  })

  it("shortens long gradients only", () => {
    assert.strictEqual(clipScale(0.5, 1), 1)
    assert.closeTo(clipScale(4, 1), 0.25, 1e-6)
  })
})

describe("scheduleFactor", () => {
  it("warms up linearly and decays to the floor", () => {
    // 100 steps, 10 of warm-up: step 4 has risen to one half.
    assert.closeTo(scheduleFactor("constant", 4, 100, 0.1), 0.5, 1e-12)
    assert.closeTo(scheduleFactor("constant", 99, 100, 0.1), 1, 1e-12)
    assert.closeTo(scheduleFactor("linear", 50, 100, 0.1), 0.05 + 0.95 * 0.5, 1e-12)
    assert.closeTo(scheduleFactor("cosine", 50, 100, 0.1), 0.05 + 0.95 * 0.5, 1e-12)
    assert.closeTo(scheduleFactor("cosine", 25, 100, 0.1), 0.05 + 0.95 * (0.5 + Math.SQRT1_2 / 2), 1e-12)
    assert.closeTo(scheduleFactor("cosine", 999_999, 1_000_000, 0.1), 0.05, 1e-5)
  })

  it("starts at the peak without warm-up", () => {
    for (const schedule of ["constant", "linear", "cosine"] as const) {
      assert.strictEqual(scheduleFactor(schedule, 0, 10, 0), 1)
    }
  })
})
