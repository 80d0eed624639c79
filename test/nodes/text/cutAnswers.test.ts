import { assert, describe, it } from "vitest"
import { isUsable } from "../../../nodes/text/cutAnswers.ts"

describe("an answer is usable", () => {
  const cases: ReadonlyArray<readonly [answer: string, finishReason: string, dropping: boolean, judging: boolean]> = [
    ["text", "stop", true, true],
    ["text", "length", false, true],
    ["text", "refusal", false, false],
    ["text", "filter", false, false],
    ["", "stop", false, false],
    ["", "length", false, false]
  ]
  it.each(cases)("%j after %s, where cut ones are dropped: %s, judged: %s", (answer, reason, dropping, judging) => {
    assert.strictEqual(isUsable(answer, reason, "drop"), dropping)
    assert.strictEqual(isUsable(answer, reason, "judge"), judging)
  })
})
