/** The policy as a judge: how it is asked, how its verdict is read, and whose verdict is right. */
import * as Layer from "effect/Layer"
import { assert, describe, it } from "vitest"
import type { AssessRequest } from "../../nodes/service/Guard.ts"
import type { SampleRequest } from "../../nodes/service/Sampler.ts"
import { Clause, VerificationItem } from "../../nodes/tables.ts"
import { verify } from "../../nodes/verify.ts"
import { laboratory } from "../runtime/support/world.ts"
import { clauseRow, given, givenCheckpoint, rowsOf, shownRow } from "./support/inputs.ts"
import { guardLayer, samplerLayer } from "./support/services.ts"

const item = (itemId: string, verdict: "safe" | "unsafe") => ({
  itemId,
  prompt: `request ${itemId}`,
  answer: `answer ${itemId}`,
  verdict,
  topic: `topic ${itemId}`,
  source: "test"
})
const items = [item("a", "unsafe"), item("b", "safe"), item("c", "unsafe"), item("d", "unsafe"), item("e", "safe")]
const replies: { readonly [id: string]: string } = {
  a: "</think>unsafe",
  b: "</think>unsafe",
  c: "no idea",
  d: "</think>safe",
  e: "</think>safe"
}
const safety: { readonly [id: string]: boolean | null } = { a: false, b: false, c: true, d: null, e: null }
const clauses = [clauseRow("C1", ["x"]), clauseRow("C2")]
const sampling = { temperature: 0, topP: 1, topK: 0, maxNewTokens: 8 }
const template = {
  user: "{clauses}|{prompt}|{answer}",
  clause: "{clauseId}={text}",
  clauseSeparator: ";",
  target: "{critique}{verdict}",
  judgementMarker: "",
  verdictMarker: "",
  reasoningEnd: "</think>"
}

const verified = async (gold: "item" | "guard") => {
  const drawn: Array<SampleRequest> = []
  const asked: Array<AssessRequest> = []
  const layer = Layer.merge(
    samplerLayer(({ messages }) => ({ text: replies[messages[0]!.content.at(-1)!]! }), drawn),
    guardLayer("evaluation", ({ prompt }) => ({ safe: safety[prompt.at(-1)!]! }), asked)
  )
  const verifications = verify(
    { rows: given(VerificationItem, items), policy: givenCheckpoint(), spec: given(Clause, clauses) },
    { sampling, template, gold, seed: 1 }
  )
  const ran = await laboratory().run({ verifications }, { layer })
  return { asked, drawn, rows: rowsOf(ran.table("verifications")) }
}

describe("verification", () => {
  it("asks the policy in the words of training, with all clauses", async () => {
    const { drawn } = await verified("item")
    const [first] = drawn.filter(({ messages }) => messages[0]!.content.endsWith("answer a"))
    assert.deepStrictEqual(first!.messages, [
      { role: "user", content: "C1=text C1;C2=text C2|request a|answer a" }
    ])
    assert.deepStrictEqual(first!.sampling, sampling)
    assert.strictEqual(new Set(drawn.map(({ seed }) => seed)).size, 5)
  })

  it("by the items is compared with their verdicts; what cannot be read is null, and no guard is asked", async () => {
    const { asked, rows } = await verified("item")
    assert.deepStrictEqual(rows, [
      { itemId: "a", topic: "topic a", verdict: "unsafe", predicted: "unsafe", text: "</think>unsafe" },
      { itemId: "b", topic: "topic b", verdict: "safe", predicted: "unsafe", text: "</think>unsafe" },
      { itemId: "c", topic: "topic c", verdict: "unsafe", predicted: null, text: "no idea" },
      { itemId: "d", topic: "topic d", verdict: "unsafe", predicted: "safe", text: "</think>safe" },
      { itemId: "e", topic: "topic e", verdict: "safe", predicted: "safe", text: "</think>safe" }
    ])
    assert.strictEqual(asked.length, 0)
  })

  it("by the guard is compared with what it says under the clauses, or the item where it could not say", async () => {
    const { asked, rows } = await verified("guard")
    assert.deepStrictEqual(rows.map(({ predicted, verdict }) => [verdict, predicted]), [
      ["unsafe", "unsafe"],
      ["unsafe", "unsafe"],
      ["safe", null],
      ["unsafe", "safe"],
      ["safe", "safe"]
    ])
    assert.deepStrictEqual(asked.find(({ prompt }) => prompt === "request b"), {
      prompt: "request b",
      answer: "answer b",
      clauses: clauses.map(shownRow),
      label: "benign"
    })
  })
})
