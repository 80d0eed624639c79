/** An edited clause on 50,000 rows: the expert is asked again for exactly the rows that were or are shown it. */
import * as Schema from "effect/Schema"
import { assert, it } from "vitest"
import { critique } from "../../nodes/critique.ts"
import type { CritiqueRequest } from "../../nodes/service/Expert.ts"
import { affectedRows } from "../../nodes/spec/affectedRows.ts"
import { AnsweredPair, SpecClause } from "../../nodes/tables.ts"
import * as Node from "../../runtime/Node.ts"
import { laboratory } from "../runtime/support/world.ts"
import { clauseRow, given } from "./support/inputs.ts"
import { expertLayer } from "./support/services.ts"

const count = 50_000

/** Each category by its own bits of a mixed index: about a tenth of the rows touch each. */
const categoriesOf = (i: number) =>
  ["a", "b", "c", "d"].filter((_, bits) => (Math.imul(i, 2654435761) >>> (7 * bits)) % 10 === 0)

const answered = Node.make({
  name: "answered",
  inputs: {},
  params: { count: Schema.Int },
  output: AnsweredPair,
  run: (_, { params }) =>
    Array.from({ length: params.count }, (_, i) => ({
      sampleId: `p${i}#0`,
      promptId: `p${i}`,
      prompt: `prompt ${i}`,
      answer: `answer ${i}`,
      label: "harmful" as const,
      finishReason: "stop" as const,
      outcome: "answer" as const,
      categories: categoriesOf(i)
    }))
})

it("an edited clause redoes exactly the rows shown it before or after, of 50,000", { timeout: 120_000 }, async () => {
  const lab = laboratory()
  const critiqued = async (spec: ReadonlyArray<ReturnType<typeof clauseRow>>) => {
    const asked: Array<CritiqueRequest> = []
    const critiques = critique({ rows: answered({}, { count }), spec: given(SpecClause, spec) }, {
      scope: "routed",
      cutAnswers: "drop"
    })
    const ran = await lab.run({ critiques }, { layer: expertLayer(() => ({}), asked) })
    assert.isTrue(ran.summary.ok)
    return asked.map(({ prompt }) => Number(prompt.slice("prompt ".length))).sort((a, b) => a - b)
  }
  const before = [clauseRow("C1", ["a"]), clauseRow("C2", ["b"]), clauseRow("C3", ["c"])]
  assert.strictEqual((await critiqued(before)).length, count)

  // C1 is reworded, and shown to rows of category d instead of a
  const after = [clauseRow("C1", ["d"], "new text"), ...before.slice(1)]
  const touched = Array.from({ length: count }, (_, i) => i)
    .filter((i) => categoriesOf(i).includes("a") || categoriesOf(i).includes("d"))
  assert.isTrue(5_000 < touched.length && touched.length < 15_000)
  assert.deepStrictEqual(await critiqued(after), touched)
  const rows = Array.from({ length: count }, (_, i) => ({ categories: categoriesOf(i), texts: [] }))
  assert.deepStrictEqual(affectedRows(before, after, rows, "routed"), touched, "the difference foretells it")
  assert.deepStrictEqual(await critiqued(before), [])
})
