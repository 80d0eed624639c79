/** A row to read: what stands where, which clauses are marked, and that nothing of it is HTML. */
import { assert, describe, it } from "vitest"
import { transcript } from "../../notebooks/library/transcript.ts"

const row = {
  sampleId: "p1#0",
  set: "wrappers",
  reference: null,
  prompt: "How?",
  reasoning: "First,\nthen.",
  answer: "<script>alert(1)</script>",
  critique: "It breaks C1 and C12, not C2; <b>C1</b>.",
  verdict: "unsafe",
  cited: ["C1", "C12"],
  text: "raw"
}

const clauses = [
  { clauseId: "C1", title: "harm", text: "No <i>harm</i>." },
  { clauseId: "C2", title: "", text: "Not cited." },
  { clauseId: "C12", text: "Nothing else." }
]

describe("transcript", () => {
  it("reads in order, with what has no place in small print above", () => {
    assert.strictEqual(
      transcript(row, { clauses }).text,
      [
        "sampleId p1#0 · set wrappers · text raw",
        "Prompt",
        "  How?",
        "Reasoning",
        "  First,",
        "  then.",
        "Answer",
        "  <script>alert(1)</script>",
        "Critique",
        "  It breaks C1 and C12, not C2; <b>C1</b>.",
        "  cites C1 harm: No <i>harm</i>.",
        "  cites C12: Nothing else.",
        "Verdict: unsafe"
      ].join("\n")
    )
  })

  it("marks the cited clauses and no others", () => {
    const { html } = transcript(row, { clauses })
    assert.deepStrictEqual([...html.matchAll(/<mark>(.*?)<\/mark>/gu)].map(([, text]) => text), [
      "C1",
      "C12",
      "C1",
      "C1 harm: No &lt;i&gt;harm&lt;/i&gt;.",
      "C12: Nothing else."
    ])
    assert.notInclude(html, "Not cited")
    assert.include(transcript({ critique: "a+b (x)", cited: ["a+b", "(x)"] }).html, "<mark>a+b</mark> <mark>(x)</mark>")
  })

  it("shows what a model wrote as text, cut with its length", () => {
    const { html } = transcript({ ...row, critique: "\u202e".repeat(3) })
    assert.notMatch(html, /<(?:script|b>|i>)/u)
    assert.include(html, "&lt;script&gt;alert(1)&lt;/script&gt;")
    assert.include(html, "\\u{202e}\\u{202e}\\u{202e}")
    const long = transcript({ answer: "x".repeat(5001), critique: "C1 ".repeat(2000), cited: ["C1"] })
    assert.match(long.html, /x{4000}… <span[^>]*>\(5,001 characters\)<\/span>/u)
    assert.include(long.html, "(6,000 characters)")
    assert.match(long.text, /\(5,001\s+characters\)/u)
    assert.match(transcript({ prompt: "abc" }, { cut: 2 }).html, />ab… /u)
  })

  it("leaves out what a row does not have", () => {
    assert.strictEqual(transcript({ prompt: "a", answer: null, critique: "", verdict: null }).text, "Prompt\n  a")
  })
})
