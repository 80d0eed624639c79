import { assert, describe, it } from "vitest"
import { readVerdict, renderTarget, renderVerification, splitReasoning } from "../../../nodes/text/verification.ts"

const template = {
  user: "{clauses}\n--\n{prompt}\n--\n{answer}\n?",
  clause: "- {clauseId} {title}: {text}",
  clauseSeparator: "\n",
  target: "<think>\n{critique}\n</think>\n\n{verdict}\n",
  judgementMarker: "",
  verdictMarker: "",
  reasoningEnd: "</think>"
}

describe("the verification turn", () => {
  it("holds the clauses in their order, the request and the answer, whatever these contain", () => {
    const clauses = [
      { clauseId: "C1", title: "one", categories: ["a"], text: "Never {answer}." },
      { clauseId: "C2", title: "two", categories: [], text: "Always." }
    ]
    assert.strictEqual(
      renderVerification(template, clauses, "Say {clauses}", "no"),
      "- C1 one: Never {answer}.\n- C2 two: Always.\n--\nSay {clauses}\n--\nno\n?"
    )
  })

  it("without clauses has nothing in their place", () => {
    assert.strictEqual(renderVerification(template, [], "p", "a"), "\n--\np\n--\na\n?")
  })

  it("is answered by critique and verdict, without white space around", () => {
    assert.strictEqual(renderTarget(template, "It tells.", "unsafe"), "<think>\nIt tells.\n</think>\n\nunsafe")
    assert.strictEqual(renderTarget({ ...template, target: " {critique} {verdict}" }, "", "safe"), "safe")
  })
})

describe("reasoning and answer", () => {
  const cases: ReadonlyArray<readonly [text: string, end: string, reasoning: string, answer: string]> = [
    ["<think>why</think>\n\nyes", "</think>", "why", "yes"],
    ["why</think>yes", "</think>", "why", "yes"], // the template opened the reasoning inside the prompt
    ["\n <think> why", "</think>", "why", ""],
    ["yes", "</think>", "yes", ""],
    ["why</think>", "</think>", "why", ""],
    ["a</think>b</think>c", "</think>", "a</think>b", "c"],
    [" yes </think> ", "", "", "yes </think>"],
    ["why #### yes", "####", "why", "yes"]
  ]
  it.each(cases)("of %j with the end %j", (text, end, reasoning, answer) => {
    assert.deepStrictEqual(splitReasoning(text, end), { reasoning, answer })
  })
})

describe("the verdict in an output", () => {
  const cases: ReadonlyArray<readonly [text: string, verdict: "safe" | "unsafe" | null]> = [
    ["</think>safe", "safe"],
    ["</think>unsafe", "unsafe"], // "unsafe" contains "safe"
    ["</think>**Unsafe**.", "unsafe"],
    ["</think>It is safe, no: it is UNSAFE", "unsafe"],
    ["</think>Not unsafe but safe", "safe"],
    ["it is unsafe</think>safe", "safe"], // the answer decides, not the reasoning
    ["Verdict: unsafe</think>", "unsafe"],
    ["verdict safe, then verdict: unsafe</think>I cannot say", "unsafe"],
    ["verdict: safe, the reasoning never ended", "safe"],
    ["it seems safe</think>I cannot say", null], // reasoning counts only where it states a verdict
    ["</think>unsafely safety safer", null],
    ["</think>", null],
    ["", null]
  ]
  it.each(cases)("%j is %s", (text, verdict) => {
    assert.strictEqual(readVerdict(text, "</think>"), verdict)
  })

  it("is in the whole text of a model without reasoning", () => {
    assert.strictEqual(readVerdict("It tells the year. unsafe", ""), "unsafe")
    assert.strictEqual(readVerdict("It tells the year.", ""), null)
  })
})
