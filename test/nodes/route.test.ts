/** What the guards read before any clause is known to matter: answers, requests, and the labels of requests. */
import { assert, describe, it } from "vitest"
import { labelPrompts } from "../../nodes/labelPrompts.ts"
import { route, routePrompts } from "../../nodes/route.ts"
import type { Assessment, AssessRequest } from "../../nodes/service/Guard.ts"
import { Prompt, Rollout, RoutedPrompt, SpecClause } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { answerRow, clauseRow, given, promptRow, rowsOf } from "./support/inputs.ts"
import { guardLayer } from "./support/services.ts"

const rolloutRow = ({ categories: _, outcome: __, ...row }: ReturnType<typeof answerRow>) => row

describe("route", () => {
  it("reads prompt and answer without any clause and keeps every column of the rollout", async () => {
    const asked: Array<AssessRequest> = []
    const row = rolloutRow({ ...answerRow("a#1"), reasoning: "why", reference: "7" })
    const layer = guardLayer("routing", () => ({ outcome: "refusal", categories: ["x", "y"] }), asked)
    const routed = route({ rows: given(Rollout, [row]) })
    const rows = rowsOf((await laboratory().run({ routed }, { layer })).table("routed"))
    assert.deepStrictEqual(rows, [{ ...row, outcome: "refusal", categories: ["x", "y"] }])
    assert.deepStrictEqual(asked, [{ prompt: "prompt a", answer: "answer a#1", clauses: [], label: "harmful" }])
  })

  it("asks nobody about an empty answer, which is `other`", async () => {
    const asked: Array<AssessRequest> = []
    const layer = guardLayer("routing", () => ({ outcome: "answer", categories: ["x"] }), asked)
    const routed = route({ rows: given(Rollout, [rolloutRow({ ...answerRow("a#0"), answer: "" })]) })
    const [row] = rowsOf((await laboratory().run({ routed }, { layer })).table("routed"))
    assert.deepStrictEqual([row.outcome, row.categories, asked.length], ["other", [], 0])
  })

  it("reads two equal answers of a prompt once, however they were drawn", async () => {
    const asked: Array<AssessRequest> = []
    const rows = [0, 1].map((i) => rolloutRow({ ...answerRow(`a#${i}`), answer: "same", logprob: -i }))
    const layer = guardLayer("routing", () => ({}), asked)
    const ran = await laboratory().run({ routed: route({ rows: given(Rollout, rows) }) }, { layer })
    assert.deepStrictEqual([ran.table("routed")["sampleId"], asked.length], [["a#0", "a#1"], 1])
  })
})

describe("routePrompts", () => {
  it("reads the request alone, and no maths", async () => {
    const asked: Array<AssessRequest> = []
    const prompts = [promptRow("a"), promptRow("m", { label: "maths", reference: "4" })]
    const layer = guardLayer("routing", () => ({ categories: ["x"] }), asked)
    const routed = routePrompts({ rows: given(Prompt, prompts) })
    const rows = rowsOf((await laboratory().run({ routed }, { layer })).table("routed"))
    assert.deepStrictEqual(rows, [{ ...prompts[0], categories: ["x"] }, { ...prompts[1], categories: [] }])
    assert.deepStrictEqual(asked, [{ prompt: "prompt a", answer: null, clauses: [], label: "harmful" }])
  })
})

describe("labelPrompts", () => {
  const clauses = [clauseRow("C1", ["x"]), clauseRow("C2", ["y"]), clauseRow("C3")]
  const prompts = [
    { ...promptRow("forbidden", { label: "benign" }), categories: ["x"] },
    { ...promptRow("allowed"), categories: ["y"] },
    { ...promptRow("unread"), categories: [] },
    { ...promptRow("unclear", { label: "benign" }), categories: [] },
    { ...promptRow("sum", { label: "maths" }), categories: ["x"] }
  ]
  const safety: { readonly [prompt: string]: Assessment["safe"] } = {
    "prompt forbidden": false,
    "prompt allowed": true,
    "prompt unread": null,
    "prompt unclear": null
  }
  const label = async (
    params: Parameters<typeof labelPrompts>[1],
    { asked = [], lab = laboratory(), spec = clauses }: {
      readonly asked?: Array<AssessRequest>
      readonly lab?: ReturnType<typeof laboratory>
      readonly spec?: typeof clauses
    } = {}
  ) => {
    const layer = guardLayer("prompt", ({ prompt }) => ({ safe: safety[prompt]! }), asked)
    const labelled = labelPrompts({ rows: given(RoutedPrompt, prompts), spec: given(SpecClause, spec) }, params)
    const ran = await lab.run({ labelled }, { layer })
    const rows = rowsOf(ran.table("labelled"))
    return { asked, ran, labels: rows.map((row) => [row.promptId, row.label, row.provenance]) }
  }

  it("by provenance keeps the label and asks nobody", async () => {
    const { asked, labels } = await label({ by: "provenance", scope: "routed" })
    assert.deepStrictEqual(labels, [
      ["forbidden", "benign", "benign"],
      ["allowed", "harmful", "harmful"],
      ["unread", "harmful", "harmful"],
      ["unclear", "benign", "benign"],
      ["sum", "maths", "maths"]
    ])
    assert.strictEqual(asked.length, 0)
  })

  it("by the guard is harmful what the clauses forbid; maths and what it cannot say keep their label", async () => {
    const { asked, labels } = await label({ by: "guard", scope: "routed" })
    assert.deepStrictEqual(labels, [
      ["forbidden", "harmful", "benign"],
      ["allowed", "benign", "harmful"],
      ["unread", "harmful", "harmful"],
      ["unclear", "benign", "benign"],
      ["sum", "maths", "maths"]
    ])
    const shown = asked.map(({ answer, clauses, prompt }) => [prompt, answer, clauses.map((clause) => clause.clauseId)])
    assert.deepStrictEqual(shown.toSorted(), [
      ["prompt allowed", null, ["C2", "C3"]],
      ["prompt forbidden", null, ["C1", "C3"]],
      ["prompt unclear", null, ["C3"]],
      ["prompt unread", null, ["C3"]]
    ])
  })

  it("in full scope shows all clauses", async () => {
    const { asked } = await label({ by: "guard", scope: "full" })
    assert.deepStrictEqual(asked.map((request) => request.clauses.length), [3, 3, 3, 3])
  })

  const spec = [clauses[0]!, { ...clauses[1]!, text: "new" }, clauses[2]!]

  it("reads again only requests that were shown the edited clause", async () => {
    const lab = laboratory()
    await label({ by: "guard", scope: "routed" }, { lab })
    const { asked } = await label({ by: "guard", scope: "routed" }, { lab, spec })
    assert.deepStrictEqual(asked.map(({ prompt }) => prompt), ["prompt allowed"])
  })

  it("by provenance has no row that an edited clause reaches", async () => {
    const lab = laboratory()
    await label({ by: "provenance", scope: "full" }, { lab })
    const { ran } = await label({ by: "provenance", scope: "full" }, { lab, spec })
    assert.strictEqual(ran.summary.rows.ran, 0)
  })
})
