/** The strict box reads what verl's `is_correct_strict_box` reads; expected values follow its source line by line. */
import { assert, describe, it } from "vitest"
import { strictBox } from "../../../nodes/maths/strictBox.ts"

describe("strictBox", () => {
  it("takes the last box and compares character by character", () => {
    assert.deepStrictEqual(strictBox("so \\boxed{13}.", "13"), { reward: 1, boxed: "13" })
    assert.deepStrictEqual(strictBox("\\boxed{13} or rather \\boxed{14}", "13"), { reward: 0, boxed: "14" })
    assert.deepStrictEqual(strictBox("\\boxed{ 13}", "13"), { reward: 0, boxed: " 13" })
    assert.deepStrictEqual(strictBox("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"), { reward: 1, boxed: "\\frac{1}{2}" })
    assert.deepStrictEqual(strictBox("\\boxed{}", ""), { reward: 1, boxed: "" })
  })

  it("tells unparsable from wrong", () => {
    assert.deepStrictEqual(strictBox("Answer: 13", "13"), { reward: 0, boxed: null })
    assert.deepStrictEqual(strictBox("\\boxed{13} and \\boxed{1", "13"), { reward: 0, boxed: null })
    assert.deepStrictEqual(strictBox("", ""), { reward: 0, boxed: null })
  })

  it("sees the last 100 code points only", () => {
    const box = "\\boxed{13}" // 10 characters
    assert.deepStrictEqual(strictBox(box + "x".repeat(90), "13").reward, 1)
    assert.deepStrictEqual(strictBox(box + "x".repeat(91), "13"), { reward: 0, boxed: null })
    assert.deepStrictEqual(strictBox(box + "𝑥".repeat(90), "13").reward, 1)
    assert.deepStrictEqual(strictBox(box + "𝑥".repeat(91), "13"), { reward: 0, boxed: null })
  })

  it("does not care what stands before the last 100 characters", () => {
    const end = `${"y".repeat(60)}\\boxed{x^{2}}`
    for (const before of ["", "\\boxed{7}", "{{{{", "}}}}", "𝑥".repeat(500)]) {
      assert.deepStrictEqual(strictBox(before + "z".repeat(100) + end, "x^{2}"), { reward: 1, boxed: "x^{2}" })
    }
  })
})
