/** The evaluation guard's reading of final answers, and what is read without it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assert, describe, it } from "vitest"
import { judge } from "../../nodes/judge.ts"
import { rollout } from "../../nodes/rollout.ts"
import { route } from "../../nodes/route.ts"
import type { Assessment, AssessRequest } from "../../nodes/service/Guard.ts"
import * as Guard from "../../nodes/service/Guard.ts"
import type { SampleRequest } from "../../nodes/service/Sampler.ts"
import { Routed, Sample, SpecClause } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { answerRow, clauseRow, given, givenCheckpoint, promptRow, rowsOf, shownRow } from "./support/inputs.ts"
import { guardLayer, samplerLayer } from "./support/services.ts"

const clauses = [clauseRow("C1", ["x"]), clauseRow("C2", ["y"])]

const judged = async (
  answers: ReadonlyArray<ReturnType<typeof answerRow>>,
  { assess = {}, marker = "", scope = "routed", strictBox = false }: {
    readonly assess?: Partial<Assessment>
    readonly marker?: string
    readonly scope?: "routed" | "full"
    readonly strictBox?: boolean
  } = {}
) => {
  const asked: Array<AssessRequest> = []
  const judgements = judge({ rows: given(Routed, answers), spec: given(SpecClause, clauses) }, {
    scope,
    selfCheckMarker: marker,
    strictBox
  })
  const ran = await laboratory().run({ judgements }, { layer: guardLayer("evaluation", () => assess, asked) })
  return { asked, rows: rowsOf(ran.table("judgements")) }
}

describe("a judgement", () => {
  it("is the guard's of request and final answer under the clauses they touch, never of the reasoning", async () => {
    const answer = { ...answerRow("a#0"), reasoning: "secret", categories: ["x"], set: "both", topic: "t", family: "f" }
    const { asked, rows } = await judged([answer], { assess: { safe: false, outcome: "answer", categories: ["y"] } })
    assert.deepStrictEqual(asked, [
      { prompt: "prompt a", answer: "answer a#0", clauses: [shownRow(clauses[0]!)], label: "harmful" }
    ])
    assert.deepStrictEqual(rows, [{
      sampleId: "a#0",
      promptId: "a",
      set: "both",
      label: "harmful",
      topic: "t",
      family: "f",
      outcome: "answer",
      safe: false,
      correct: null,
      selfCheck: false,
      strictBox: null,
      compliance: null, // of benign requests alone
      categories: ["x"] // those it was routed by
    }])
    assert.deepStrictEqual((await judged([answer], { scope: "full" })).asked[0]!.clauses, clauses.map(shownRow))
  })

  it("keeps apart what the guard could not say", async () => {
    const { rows } = await judged([answerRow("a#0")], { assess: { safe: null, outcome: "refusal" } })
    assert.deepStrictEqual([rows[0].safe, rows[0].outcome], [null, "refusal"])
  })

  it("without a final answer is `other` and safe, and nobody is asked", async () => {
    const { asked, rows } = await judged(
      [{ ...answerRow("a#0"), answer: "", reasoning: "CHECK 12", reference: "12" }],
      { assess: { safe: false }, marker: "CHECK" }
    )
    const [{ correct, outcome, safe, selfCheck }] = rows as [any]
    assert.deepStrictEqual([outcome, safe, correct, selfCheck], ["other", true, false, true])
    assert.strictEqual(asked.length, 0)
  })
})

describe("another judge", () => {
  it("judges the same answers again, draws none, and leaves the first judge's readings", async () => {
    const lab = laboratory()
    const drawn: Array<SampleRequest> = []
    const under = async (fingerprint: string) => {
      const answers = rollout({
        rows: given(Sample, [{ ...promptRow("a"), sampleId: "a#0", sampleIndex: 0 }]),
        policy: givenCheckpoint()
      }, {
        sampling: { temperature: 0, topP: 1, topK: 0, maxNewTokens: 4 },
        system: "",
        reasoningEnd: "",
        seed: 0
      })
      const judgements = judge({ rows: route({ rows: answers }), spec: given(SpecClause, clauses) }, {
        scope: "full",
        selfCheckMarker: "",
        strictBox: false
      })
      const layer = Layer.mergeAll(
        samplerLayer(() => ({}), drawn),
        guardLayer("routing", () => ({})),
        Layer.succeed(Guard.named("evaluation"), {
          fingerprint,
          assess: () => Effect.succeed({ safe: fingerprint === "mild", outcome: "answer" as const, categories: [] })
        })
      )
      const ran = await lab.run({ judgements }, { layer })
      return { ran: ran.ran, safe: rowsOf(ran.table("judgements"))[0].safe as boolean }
    }
    assert.isTrue((await under("mild")).safe)
    assert.deepStrictEqual(await under("strict"), { ran: ["judge"], safe: false })
    assert.deepStrictEqual(await under("mild"), { ran: [], safe: true })
    assert.strictEqual(drawn.length, 1)
  })
})

describe("correctness", () => {
  it("is there only beside a reference", async () => {
    const answers = [["7", "7"], ["it is 8", "7"], ["7", null]] as const
    const { rows } = await judged(
      answers.map(([answer, reference], i) => ({ ...answerRow(`m${i}#0`), label: "maths", answer, reference }))
    )
    assert.deepStrictEqual(rows.map(({ correct }) => correct), [true, false, null])
  })
})

describe("the strict box", () => {
  it("is read of maths where it is asked for; an answer without a box is a state of its own", async () => {
    const answers = ["so \\boxed{7}", "so \\boxed{8}", "it is 7"].map((answer, i) => ({
      ...answerRow(`m${i}#0`),
      label: "maths" as const,
      answer,
      reference: "7"
    }))
    const strict = (await judged(answers, { strictBox: true })).rows.map((
      { correct, strictBox }
    ) => [strictBox, correct])
    assert.deepStrictEqual(strict, [["right", true], ["wrong", false], ["unboxed", true]])
    assert.deepStrictEqual((await judged(answers)).rows.map(({ strictBox }) => strictBox), [null, null, null])
  })
})

describe("a self-check", () => {
  const answers = [
    { ...answerRow("a#0"), reasoning: "first CHECK then" },
    { ...answerRow("b#0"), answer: "CHECK" },
    answerRow("c#0")
  ]
  it("is the marker in the reasoning, not in the answer", async () => {
    const { rows } = await judged(answers, { marker: "CHECK" })
    assert.deepStrictEqual(rows.map(({ selfCheck }) => selfCheck), [true, false, false])
  })

  it("is never found without a marker", async () => {
    const { rows } = await judged(answers)
    assert.deepStrictEqual(rows.map(({ selfCheck }) => selfCheck), [false, false, false])
  })
})
