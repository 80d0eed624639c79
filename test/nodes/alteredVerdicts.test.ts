/** The negative control: verdicts dealt out anew, nothing else moved, critiques that lead to what was dealt. */
import { assert, describe, it } from "vitest"
import type { CritiqueRequest } from "../../nodes/service/Expert.ts"
import { shuffleVerdicts } from "../../nodes/shuffleVerdicts.ts"
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
