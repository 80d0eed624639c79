/** The keep rule, the choice inside a side, the nested fractions, and the counts of what was dropped. */
import { assert, describe, it } from "vitest"
import { filterAndMix, mixCounts } from "../../nodes/filterAndMix.ts"
import { Critique, LabelledPrompt } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { given, type LabelledRow, labelledRow, rowsOf } from "./support/inputs.ts"

type Verdict = "safe" | "unsafe" | null
type Verdicts = { readonly [promptId: string]: ReadonlyArray<Verdict> }
type Labels = { readonly [promptId: string]: LabelledRow["label"] }

const critiquesOf = (verdicts: Verdicts) =>
  Object.entries(verdicts).flatMap(([promptId, all]) =>
    all.map((verdict, i) => ({
      sampleId: `${promptId}#${i}`,
      promptId,
      prompt: `prompt ${promptId}`,
      answer: `answer ${promptId}#${i}`,
      label: "harmful" as const,
      outcome: "answer" as const,
      verdict,
      critique: `critique ${promptId}#${i}`,
      cited: [],
      shown: []
    }))
  )

const mixedOf = (verdicts: Verdicts, labels: Labels) => ({
  critiques: given(Critique, critiquesOf(verdicts)),
  prompts: given(LabelledPrompt, Object.entries(labels).map(([id, label]) => labelledRow(id, label)))
})

/** Ids of the examples, and the rows. */
const mix = async (
  verdicts: Verdicts,
  labels: Labels,
  { fraction = 1, lab = laboratory(), seed = 1 }: {
    readonly fraction?: number
    readonly seed?: number
    readonly lab?: ReturnType<typeof laboratory>
  } = {}
) => {
  const examples = filterAndMix(mixedOf(verdicts, labels), { seed, fraction })
  const rows = rowsOf((await lab.run({ examples })).table("examples"))
  return { rows, ids: rows.map(({ exampleId }) => exampleId as string) }
}

const everyFate: Verdicts = {
  mixed: ["safe", "unsafe", "safe", null],
  allSafe: ["safe", "safe"],
  allUnsafe: ["unsafe", "unsafe"],
  unread: [null],
  good: ["safe", "unsafe", "safe"],
  bad: ["unsafe", null],
  sum: ["safe", "unsafe"]
}
const fates: Labels = {
  mixed: "harmful",
  allSafe: "harmful",
  allUnsafe: "harmful",
  unread: "harmful",
  good: "benign",
  bad: "benign",
  sum: "maths"
}

const many = Array.from({ length: 10 }, (_, i) => `p${i}`)
const manyMixed: Verdicts = Object.fromEntries(
  many.map((id) => [id, ["safe", "unsafe", "safe", "unsafe", "safe", "unsafe"]])
)
const manyHarmful: Labels = Object.fromEntries(many.map((id) => [id, "harmful"]))

describe("the keep rule", () => {
  it("keeps one safe and one unsafe answer of a mixed harmful prompt, one safe answer of a benign one, no others", async () => {
    const { rows } = await mix(everyFate, fates)
    assert.deepStrictEqual(
      rows.map(({ label, promptId, verdict }) => [promptId, label, verdict]).sort(),
      [["good", "benign", "safe"], ["mixed", "harmful", "safe"], ["mixed", "harmful", "unsafe"]]
    )
    for (const row of rows) {
      const at = Number(row.exampleId.split("#")[1])
      assert.strictEqual(everyFate[row.promptId]![at], row.verdict)
      assert.strictEqual(row.prompt, `prompt ${row.promptId}`)
      assert.strictEqual(row.answer, `answer ${row.exampleId}`)
      assert.strictEqual(row.critique, `critique ${row.exampleId}`)
    }
  })

  it("goes by the label of the prompts' table: a prompt that turns benign yields one row", async () => {
    const verdicts: Verdicts = { p: ["unsafe", "safe"] }
    const lab = laboratory()
    assert.deepStrictEqual((await mix(verdicts, { p: "harmful" }, { lab })).ids, ["p#0", "p#1"])
    const benign = await mix(verdicts, { p: "benign" }, { lab })
    assert.deepStrictEqual(benign.rows.map(({ exampleId, label }) => [exampleId, label]), [["p#1", "benign"]])
  })

  it("is counted, every sample and every prompt under one reason", async () => {
    const critiques = critiquesOf(everyFate).map((row) =>
      row.sampleId === "mixed#2" ? { ...row, answer: "answer mixed#0" } : row
    )
    const { prompts } = mixedOf(everyFate, fates)
    const counts = mixCounts({ critiques: given(Critique, critiques), prompts }, { seed: 1 })
    const { count, what } = (await laboratory().run({ counts })).table("counts")
    assert.deepStrictEqual(Object.fromEntries(what!.map((name, i) => [name, count![i]])), {
      "samples": 16,
      "distinct (prompt, answer) pairs": 15,
      "answers without a verdict, dropped": 3,
      "harmful prompts, mixed: one safe and one unsafe kept": 1,
      "harmful prompts, all safe, dropped": 1,
      "harmful prompts, all unsafe, dropped": 1,
      "harmful prompts without a verdict, dropped": 1,
      "benign prompts, one safe answer kept": 1,
      "benign prompts without a safe answer, dropped": 1
    })
  })
})

describe("the choice inside a side", () => {
  it("changes with the seed, and is one of the candidates under each", async () => {
    const lab = laboratory()
    const chosen = new Set<string>()
    for (const seed of [1, 2, -3]) {
      const { ids, rows } = await mix(manyMixed, manyHarmful, { lab, seed })
      assert.strictEqual(ids.length, 20)
      for (const { exampleId, promptId, verdict } of rows) {
        assert.strictEqual(verdict, Number(exampleId.split("#")[1]) % 2 === 0 ? "safe" : "unsafe")
        assert.isTrue(exampleId.startsWith(`${promptId}#`))
      }
      chosen.add(ids.join())
    }
    assert.strictEqual(chosen.size, 3)
  })

  it("is not moved by other prompts or by the order of rows", async () => {
    const all = (await mix(manyMixed, manyHarmful)).ids
    const few = many.slice(0, 4).toReversed()
    const alone = await mix(
      Object.fromEntries(few.map((id) => [id, manyMixed[id]!])),
      Object.fromEntries(few.map((id) => [id, "harmful"]))
    )
    assert.deepStrictEqual(alone.ids, all.filter((id) => few.includes(id.split("#")[0]!)))
  })
})

describe("a fraction", () => {
  it("has round(f · n) rows and is part of every larger one", async () => {
    const lab = laboratory()
    const wanted = [[0, 0], [0.05, 1], [0.25, 5], [0.33, 7], [0.5, 10], [1, 20]] as const
    let smaller: ReadonlyArray<string> = []
    for (const [fraction, rows] of wanted) {
      const { ids } = await mix(manyMixed, manyHarmful, { lab, fraction })
      assert.strictEqual(ids.length, rows)
      assert.deepStrictEqual(smaller.filter((id) => !ids.includes(id)), [])
      smaller = ids
    }
  })

  it("is another one under another seed", async () => {
    const lab = laboratory()
    // one candidate a side, so that only the fraction chooses
    const pairs: Verdicts = Object.fromEntries(many.map((id) => [id, ["safe", "unsafe"]]))
    const half = (seed: number) => mix(pairs, manyHarmful, { lab, seed, fraction: 0.5 })
    assert.notDeepEqual((await half(1)).ids, (await half(2)).ids)
  })
})
