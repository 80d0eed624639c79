/** The negative controls: verdicts dealt out anew or turned round with critiques that lead there, and critiques of other rows. */
import { assert, describe, it } from "vitest"
import type { CritiqueRequest } from "../../nodes/service/Expert.ts"
import { flipVerdicts, otherCritiques, shuffleVerdicts } from "../../nodes/alteredVerdicts.ts"
import { Clause, Example } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { clauseRow, given, rowsOf, shownRow } from "./support/inputs.ts"
import { expertLayer } from "./support/services.ts"

const examples = Array.from({ length: 12 }, (_, i) => ({
  exampleId: `e${String(i).padStart(2, "0")}`,
  promptId: `p${i >> 1}`,
  prompt: `prompt ${i >> 1}`,
  answer: `answer ${i}`,
  label: i % 3 === 0 ? "benign" as const : "harmful" as const,
  critique: `first critique ${i}`,
  verdict: i < 5 ? "unsafe" as const : "safe" as const
}))

const clauses = [clauseRow("C1", ["a"]), clauseRow("C2")]

const shuffled = async (seed: number, lab = laboratory(), rows = examples) => {
  const asked: Array<CritiqueRequest> = []
  const layer = expertLayer(
    ({ answer, assigned }) => ({ critique: `${answer} would be ${assigned}`, verdict: "safe" }),
    asked
  )
  const dealt = shuffleVerdicts({ examples: given(Example, rows), spec: given(Clause, clauses) }, { seed })
  return { asked, rows: rowsOf((await lab.run({ dealt }, { layer })).table("dealt")) }
}

describe("shuffled verdicts", () => {
  it("are a permutation that moves some, under every seed", async () => {
    const lab = laboratory()
    const deals = new Set<string>()
    for (const seed of [0, 1, 2]) {
      const { rows } = await shuffled(seed, lab)
      const verdicts = rows.map(({ verdict }) => verdict)
      assert.deepStrictEqual(verdicts.toSorted(), examples.map(({ verdict }) => verdict).toSorted())
      assert.notDeepEqual(verdicts, examples.map(({ verdict }) => verdict))
      deals.add(verdicts.join())
    }
    assert.isAbove(deals.size, 1)
  })

  it("leave ids, requests, answers and labels where they were", async () => {
    const fixed = ({ answer, exampleId, label, prompt, promptId }: (typeof examples)[number]) => ({
      answer,
      exampleId,
      label,
      prompt,
      promptId
    })
    assert.deepStrictEqual((await shuffled(1)).rows.map(fixed), examples.map(fixed))
  })

  it("come with the critique the expert writes for the dealt verdict, from all clauses", async () => {
    const { asked, rows } = await shuffled(1)
    for (const { answer, critique, verdict } of rows) assert.strictEqual(critique, `${answer} would be ${verdict}`)
    assert.strictEqual(asked.length, 12)
    for (const request of asked) assert.deepStrictEqual(request.clauses, clauses.map(shownRow))
  })

  it("do not depend on the order of the rows", async () => {
    const byId = (rows: ReadonlyArray<any>) => Object.fromEntries(rows.map((row) => [row.exampleId, row.verdict]))
    const reversed = (await shuffled(1, laboratory(), examples.toReversed())).rows
    assert.deepStrictEqual(byId(reversed), byId((await shuffled(1)).rows))
  })
})

describe("flipped verdicts", () => {
  it("are all wrong, with the critique that would lead there, and nothing else changed", async () => {
    const layer = expertLayer(({ answer, assigned }) => ({
      critique: `${answer} would be ${assigned}`,
      verdict: "safe"
    }))
    const flipped = flipVerdicts({ examples: given(Example, examples), spec: given(Clause, clauses) })
    const rows = rowsOf((await laboratory().run({ flipped }, { layer })).table("flipped"))
    assert.deepStrictEqual(
      rows,
      examples.map((row) => {
        const verdict = row.verdict === "safe" ? "unsafe" : "safe"
        return { ...row, verdict, critique: `${row.answer} would be ${verdict}` }
      })
    )
  })
})

describe("critiques of other rows", () => {
  const given12 = (rows = examples) => otherCritiques({ examples: given(Example, rows) }, { seed: 1 })

  it("have the row's own verdict, each critique once, none at its own place", async () => {
    const rows = rowsOf((await laboratory().run({ other: given12() })).table("other"))
    for (const [i, row] of rows.entries()) {
      const { critique: _, ...own } = row
      const { critique, ...wanted } = examples[i]!
      assert.deepStrictEqual(own, wanted)
      assert.notStrictEqual(row.critique, critique)
      const from = examples.find((example) => example.critique === row.critique)!
      assert.strictEqual(from.verdict, row.verdict)
    }
    assert.strictEqual(new Set(rows.map(({ critique }) => critique)).size, examples.length)
  })

  it("leave a row that is alone with its verdict as it is", async () => {
    const rows = rowsOf((await laboratory().run({ other: given12([examples[0]!, examples[11]!]) })).table("other"))
    assert.deepStrictEqual(rows.map(({ critique }) => critique), ["first critique 0", "first critique 11"])
  })
})
