/** What the expert is asked, what it is held to, and which rows an edited clause sends to it again. */
import { assert, describe, it } from "vitest"
import { critique } from "../../nodes/critique.ts"
import type { CritiqueRequest, ExpertCritique } from "../../nodes/service/Expert.ts"
import { AnsweredPair, SpecClause } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { answerRow, clauseRow, given, rowsOf, shownRow } from "./support/inputs.ts"
import { expertLayer } from "./support/services.ts"

const clauses = [clauseRow("C1", ["x"]), clauseRow("C2", ["y"]), clauseRow("C3")]

const pair = (sampleId: string, row: Partial<ReturnType<typeof answerRow>> = {}) => {
  const { answer, categories, finishReason, label, outcome, prompt, promptId } = { ...answerRow(sampleId), ...row }
  return { sampleId, promptId, prompt, answer, label, finishReason, outcome, categories }
}

interface Asking {
  readonly lab?: ReturnType<typeof laboratory>
  readonly spec?: typeof clauses
  readonly scope?: "routed" | "full"
  readonly cutAnswers?: "drop" | "judge"
  readonly expert?: (request: CritiqueRequest) => Partial<ExpertCritique>
}

const judge = async (pairs: ReadonlyArray<ReturnType<typeof pair>>, asking: Asking = {}) => {
  const { cutAnswers = "drop", expert = () => ({}), lab = laboratory(), scope = "routed", spec = clauses } = asking
  const asked: Array<CritiqueRequest> = []
  const critiques = critique({ rows: given(AnsweredPair, pairs), spec: given(SpecClause, spec) }, { scope, cutAnswers })
  const ran = await lab.run({ critiques }, { layer: expertLayer(expert, asked) })
  return { asked, ran, rows: ran.summary.ok ? rowsOf(ran.table("critiques")) : [] }
}

describe("a critique", () => {
  it("comes from the clauses of the row's categories and those without any, and says which they were", async () => {
    const expert = () => ({ critique: "It tells.", verdict: "unsafe" as const, cited: ["C3"] })
    const { asked, rows } = await judge([pair("a#0", { categories: ["x"] })], { expert })
    assert.deepStrictEqual(asked, [
      {
        clauses: [shownRow(clauses[0]!), shownRow(clauses[2]!)],
        prompt: "prompt a",
        answer: "answer a#0",
        label: "harmful"
      }
    ])
    assert.deepStrictEqual(rows, [{
      sampleId: "a#0",
      promptId: "a",
      prompt: "prompt a",
      answer: "answer a#0",
      label: "harmful",
      outcome: "answer",
      verdict: "unsafe",
      critique: "It tells.",
      cited: ["C3"],
      shown: ["C1", "C3"]
    }])
  })

  it("in full scope comes from all clauses", async () => {
    const { rows } = await judge([pair("a#0")], { scope: "full" })
    assert.deepStrictEqual(rows[0].shown, ["C1", "C2", "C3"])
  })

  it("may have no verdict: data, not a failure", async () => {
    const { ran, rows } = await judge([pair("a#0")], { expert: () => ({ verdict: null, critique: "" }) })
    assert.deepStrictEqual([rows[0].verdict, ran.summary.ok], [null, true])
  })

  it("of equal pairs is asked for once", async () => {
    const same = { answer: "same", categories: ["x"] }
    const { asked, rows } = await judge([pair("a#0", same), pair("a#1", same), pair("b#0", same)])
    assert.deepStrictEqual(asked.map(({ prompt }) => prompt).toSorted(), ["prompt a", "prompt b"])
    assert.deepStrictEqual(rows.map(({ sampleId }) => sampleId), ["a#0", "a#1", "b#0"])
  })
})

describe("an answer that is not whole", () => {
  const pairs = [
    pair("cut#0", { finishReason: "length" }),
    pair("empty#0", { answer: "", outcome: "other" }),
    pair("filtered#0", { finishReason: "filter" })
  ]
  const judged = ({ rows }: Awaited<ReturnType<typeof judge>>) => rows.map(({ shown, verdict }) => [verdict, shown])

  it("is never judged where cut ones are dropped", async () => {
    const result = await judge(pairs)
    assert.deepStrictEqual(judged(result), [[null, []], [null, []], [null, []]])
    assert.strictEqual(result.asked.length, 0)
  })

  it("is judged where it was cut and cut ones are asked for, never where it is empty or withheld", async () => {
    const result = await judge(pairs, { cutAnswers: "judge" })
    assert.deepStrictEqual(judged(result), [["safe", ["C3"]], [null, []], [null, []]])
    assert.deepStrictEqual(result.asked.map(({ prompt }) => prompt), ["prompt cut"])
  })
})

describe("an expert that cites a clause it was not shown", () => {
  it("fails the row, which alone is asked again", async () => {
    const lab = laboratory()
    const pairs = [pair("a#0", { categories: ["x"] }), pair("b#0", { categories: ["x"] })]
    const expert = ({ prompt }: CritiqueRequest) => ({ cited: prompt === "prompt b" ? ["C1", "C2"] : ["C1"] })
    const first = await judge(pairs, { expert, lab })
    assert.deepStrictEqual(first.ran.summary.rows, { ran: 1, fresh: 0, failed: 1 })
    assert.match(
      first.ran.summary.failures[0]!.message,
      /row b#0: .*cites clause C2, which it was not shown \(shown: C1, C3\)/
    )
    const second = await judge(pairs, { lab })
    assert.deepStrictEqual(second.asked.map(({ prompt }) => prompt), ["prompt b"])
    assert.strictEqual(second.rows.length, 2)
  })
})

describe("an edited clause", () => {
  const pairs = [pair("a#0", { categories: ["x"] }), pair("b#0", { categories: ["y"] }), pair("c#0")]
  const asks = async (edited: typeof clauses, scope: "routed" | "full" = "routed") => {
    const lab = laboratory()
    await judge(pairs, { lab, scope })
    return (await judge(pairs, { lab, scope, spec: edited })).asked.map(({ prompt }) => prompt).toSorted()
  }
  const [one, two, three] = clauses as [typeof clauses[0], typeof clauses[0], typeof clauses[0]]

  it("redoes the rows that were shown it", async () => {
    assert.deepStrictEqual(await asks([one, { ...two, text: "new" }, three]), ["prompt b"])
  })

  it("redoes the rows that now are", async () => {
    assert.deepStrictEqual(await asks([one, { ...two, categories: ["x", "y"] }, three]), ["prompt a", "prompt b"])
  })

  it("redoes all rows where all are shown it", async () => {
    assert.strictEqual((await asks([one, two, { ...three, text: "new" }])).length, 3)
    assert.strictEqual((await asks([one, { ...two, text: "new" }, three], "full")).length, 3)
  })
})
