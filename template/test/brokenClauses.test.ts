/** Run by `npm test`. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { brokenClauses, shownClauses } from "../nodes/brokenClauses.ts"

const fines = { clauseId: "C2", words: ["fine"], examples: ["need not pay"] }
const privacy = { clauseId: "C1", words: ["borrowed"], examples: ["lives at"] }

test("an answer is read against the clauses whose words the question holds", () => {
  assert.deepEqual(shownClauses("Is there a FINE?", [privacy, fines]), [fines])
  assert.deepEqual(shownClauses("When do you close?", [privacy, fines]), [])
})

test("it breaks those whose examples it says, whatever the case", () => {
  assert.deepEqual(brokenClauses("You Need Not Pay.", [privacy, fines]), [fines])
  assert.deepEqual(brokenClauses("The desk decides.", [privacy, fines]), [])
})
