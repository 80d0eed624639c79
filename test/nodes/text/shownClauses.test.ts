import { assert, describe, it } from "vitest"
import { shownClauses } from "../../../nodes/text/shownClauses.ts"
import { clauseRow } from "../support/inputs.ts"

const clauses = [clauseRow("C1", ["a", "b"]), clauseRow("C2"), clauseRow("C3", ["c"])]
const ids = (categories: ReadonlyArray<string>, scope: "routed" | "full") =>
  shownClauses(clauses, { categories, texts: [] }, scope).map(({ clauseId }) => clauseId)

describe("clauses shown", () => {
  it("are all of them in full scope, whatever the row touches", () => {
    assert.deepStrictEqual(ids([], "full"), ["C1", "C2", "C3"])
    assert.deepStrictEqual(ids(["c"], "full"), ["C1", "C2", "C3"])
  })

  it("are, routed, those of a category the row touches and those that name none, in their order", () => {
    assert.deepStrictEqual(ids(["c", "b"], "routed"), ["C1", "C2", "C3"])
    assert.deepStrictEqual(ids(["b"], "routed"), ["C1", "C2"])
    assert.deepStrictEqual(ids(["c"], "routed"), ["C2", "C3"])
    assert.deepStrictEqual(ids(["unknown"], "routed"), ["C2"])
    assert.deepStrictEqual(ids([], "routed"), ["C2"])
  })

  it("are also those whose words stand in a text, as whole words in any case", () => {
    const wordy = [{ ...clauseRow("C1", ["a"]), words: ["red tape", "C++"] }, { ...clauseRow("C2"), words: ["ink"] }]
    const shown = (...texts: ReadonlyArray<string>) =>
      shownClauses(wordy, { categories: [], texts }, "routed").map(({ clauseId }) => clauseId)
    assert.deepStrictEqual(shown("Cut the Red Tape, now"), ["C1"])
    assert.deepStrictEqual(shown("think", "the INK is dry"), ["C2"])
    assert.deepStrictEqual(shown("thinking of red tapes"), [])
    assert.deepStrictEqual(shown("a C++ program"), ["C1"])
  })

  it("carry their examples, and not what only routes", () => {
    const clause = { ...clauseRow("C1"), words: ["ink"], examples: ["safe: this", "unsafe: that"] }
    assert.deepStrictEqual(shownClauses([clause], { categories: [], texts: [] }, "full"), [{
      clauseId: "C1",
      title: "title C1",
      categories: [],
      text: "text C1\n\nExamples:\n- safe: this\n- unsafe: that"
    }])
  })
})
