/** Run by `npm test`. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { brokenClauses, shownClauses } from "../nodes/brokenClauses.ts"

const fines = { clauseId: "C2", examples: ["need not pay"] }
const privacy = { clauseId: "C1", examples: ["lives at"] }
const spec = [{ ...privacy, words: ["borrowed"] }, { ...fines, words: ["fine"] }]

test("an answer is read against the clauses whose words the question holds", () => {
  assert.deepEqual(shownClauses("Is there a FINE?", spec), [fines])
  assert.deepEqual(shownClauses("When do you close?", spec), [])
})

test("it breaks those whose examples it says, whatever the case", () => {
  assert.deepEqual(brokenClauses("You Need Not Pay.", [privacy, fines]), [fines])
  assert.deepEqual(brokenClauses("The desk decides.", [privacy, fines]), [])
})
