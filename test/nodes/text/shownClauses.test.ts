import { assert, describe, it } from "vitest"
import { shownClauses } from "../../../nodes/text/shownClauses.ts"
import { clauseRow } from "../support/inputs.ts"

const clauses = [clauseRow("C1", ["a", "b"]), clauseRow("C2"), clauseRow("C3", ["c"])]
const ids = (categories: ReadonlyArray<string>, scope: "routed" | "full") =>
  shownClauses(clauses, categories, scope).map(({ clauseId }) => clauseId)

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
})
