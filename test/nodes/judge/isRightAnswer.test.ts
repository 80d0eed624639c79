import { assert, describe, it } from "@effect/vitest"
import { isRightAnswer } from "../../../nodes/judge/isRightAnswer.ts"

describe("isRightAnswer", () => {
  it("believes a box before anything else, and reads it strictly", () => {
    assert.isTrue(isRightAnswer("So it is \\boxed{42}, after 7 steps.", "42"))
    assert.isFalse(isRightAnswer("42, or \\boxed{42.0}", "42"))
  })

  it("else takes the last number for the answer", () => {
    assert.isTrue(isRightAnswer("17 + 25 = 42.", "42"))
    assert.isTrue(isRightAnswer("It costs $2,280, in all.", "2280"))
    assert.isTrue(isRightAnswer("-3", "-3"))
    assert.isTrue(isRightAnswer("3.50", "3.5"))
    assert.isFalse(isRightAnswer("42 is the sum of 17 and 25", "42"))
    assert.isFalse(isRightAnswer("none", "42"))
  })

  it("else wants the text itself", () => {
    assert.isTrue(isRightAnswer(" amber \n", "amber"))
    assert.isFalse(isRightAnswer("amber, I think", "amber"))
  })
})
