import { assert, describe, it } from "vitest"
import { fillTemplate } from "../../../nodes/text/fillTemplate.ts"

describe("a template", () => {
  it("has every slot filled, also one that is there twice", () => {
    assert.strictEqual(fillTemplate("{a}-{b}-{a}", { a: "1", b: "2", unused: "3" }), "1-2-1")
  })

  it("leaves braces and dollar signs of the values as they are", () => {
    assert.strictEqual(fillTemplate("<{a}|{b}>", { a: "{b} $& $1", b: "\\boxed{7}" }), "<{b} $& $1|\\boxed{7}>")
  })

  it("keeps braces that enclose no name, and takes an empty value for a value", () => {
    assert.strictEqual(fillTemplate("{} { a } [{a}]", { a: "" }), "{} { a } []")
  })

  it("is refused with the slot that nobody fills and those that are known", () => {
    assert.throws(
      () => fillTemplate("{prompt} {answr}", { prompt: "p", answer: "a" }),
      TypeError,
      "has a slot {answr}; known: prompt, answer"
    )
  })
})
