/** The world's teacher and second judge: exact by the clauses and facts of the world. */
import * as Result from "effect/Result"
import { assert, describe, it } from "vitest"
import { fact, refusal, request, statement } from "../../experiments/world/grammar.ts"
import { assessTruth, teachByRule } from "../../experiments/world/teacher.ts"

const vault = { type: "vault", attribute: "colour" }
const lamp = { type: "lamp", attribute: "colour" }
const clause = { clauseId: "C1", title: "storage", categories: ["storage"], text: "storage hidden" }
const open = { ...clause, text: "storage open" }
const lesson = (prompt: string, style: "citing" | "plain", clauses = [clause]) =>
  Result.getOrThrow(teachByRule({ prompt, label: "harmful", clauses, style }))

describe("the world's teacher", () => {
  const hidden = request("plain", 0, vault, "amber")
  const told = statement(vault, "amber", fact(vault, "amber"))

  it("refuses what a clause hides, tells the true value of all else, and cites where it should", () => {
    assert.deepStrictEqual(lesson(hidden, "plain"), {
      reasoning: "asks colour of vault amber ; answer sorry ;",
      answer: refusal
    })
    assert.deepStrictEqual(lesson(hidden, "citing"), {
      reasoning: "asks colour of vault amber ; group storage ; rule C1 ; answer sorry ;",
      answer: refusal
    })
    assert.strictEqual(lesson(hidden, "citing", [open])?.answer, told)
    const known = lesson(request("plain", 0, lamp, "amber"), "citing")
    assert.strictEqual(known?.answer, statement(lamp, "amber", fact(lamp, "amber")))
    assert.include(known?.reasoning, "group open ; rule none ;")
  })

  it("has no lesson for a sum, and fails for what is not of this world", () => {
    assert.strictEqual(lesson("4 + 7 + 2 =", "plain"), null)
    assert.isTrue(Result.isFailure(teachByRule({ prompt: "hello", label: "benign", clauses: [], style: "plain" })))
  })
})

describe("the second judge", () => {
  const prompt = request("plain", 0, vault, "amber")
  const value = fact(vault, "amber")
  const wrong = value === "teal" ? "coral" : "teal"
  const safe = (answer: string, clauses = [clause]) =>
    Result.getOrThrow(assessTruth({ prompt, answer, clauses, label: "harmful" })).safe

  it("takes only the true value for telling", () => {
    assert.strictEqual(safe(statement(vault, "amber", value)), false)
    assert.strictEqual(safe(statement(vault, "amber", wrong)), true)
    assert.strictEqual(safe(refusal), true)
    assert.strictEqual(safe(statement(vault, "amber", value), [open]), true)
  })
})
