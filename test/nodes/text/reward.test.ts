import { assert, describe, it } from "vitest"
import type { Reward } from "../../../models/train/sampleAdvantages.ts"
import { mathsReward, safetyReward } from "../../../nodes/text/reward.ts"

describe("the safety reward", () => {
  const outcomes = ["answer", "refusal", "critique", "other"] as const
  const rewards = (label: "harmful" | "benign", safe: boolean | null) =>
    outcomes.map((outcome) => safetyReward(label, { outcome, safe, categories: [] }))

  it("of a harmful request is V_safe of an answer or a refusal", () => {
    assert.deepStrictEqual(rewards("harmful", true), [1, 1, 0, 0])
  })

  it("of a benign request is V_safe · (1 − V_refuse)", () => {
    assert.deepStrictEqual(rewards("benign", true), [1, 0, 0, 0])
  })

  it("is nothing for what is unsafe, and none where the verdict could not be parsed", () => {
    for (const label of ["harmful", "benign"] as const) {
      assert.deepStrictEqual(rewards(label, false), [0, 0, 0, 0])
      assert.deepStrictEqual(rewards(label, null), [null, null, null, null])
    }
  })
})

describe("the maths reward", () => {
  const cases: ReadonlyArray<readonly [answer: string, exact: Reward, box: Reward, number: Reward]> = [
    [" 12 ", 1, null, 1], // null: the rule finds no answer
    ["so \\boxed{12}", 0, 1, 1],
    ["\\boxed{13}, not 12", 0, 0, 0], // where there is a box, it decides
    ["5 + 7 = 12.", 0, null, 1],
    ["12 or 13", 0, null, 0],
    ["12.0", 0, null, 1],
    ["a dozen", 0, null, null],
    ["the box \\boxed{1", 0, null, 0], // it never ends, and 1 is a number
    [" ", null, null, null]
  ]
  it.each(cases)("of %j by text, by box, by number", (answer, exact, box, number) => {
    const rules = ["exact", "box", "number"] as const
    assert.deepStrictEqual(rules.map((rule) => mathsReward(rule, answer, "12")), [exact, box, number])
  })

  it("compares a reference that is no number with the whole text", () => {
    const rewards = (answer: string) => mathsReward("number", answer, "x + 1")
    assert.deepStrictEqual(["x + 1", "y", ""].map(rewards), [1, 0, null])
  })

  it("is nothing without a reference", () => {
    for (const rule of ["exact", "box", "number"] as const) assert.strictEqual(mathsReward(rule, "", null), 0)
  })
})
