/** The way back from a policy to what moved it, and examples that were too long. */
import { assert, describe, it } from "vitest"
import { Critique } from "../../nodes/tables.ts"
import { trainedExamples, trainedOn, trainedRows, trainingFindings } from "../../nodes/trainedOn.ts"
import { laboratory } from "../runtime/support/world.ts"
import { given, givenCheckpoint, rowsOf } from "./support/inputs.ts"

const sft = {
  method: "sft",
  dropped: [{ id: "long", tokens: 900 }],
  history: [
    { learningRate: 0.1, examples: ["a", "b", "a", "c"], loss: 1 },
    { learningRate: 0.2, examples: ["b"], weights: [1], loss: 1 }
  ]
}
const grpo = {
  method: "grpo",
  settings: { learningRate: 0.5 },
  history: [{
    prompts: [{ id: "mixed", rewards: [1, 0] }, { id: "even", rewards: [1, 1] }, { id: "rare", rewards: [1, 0, 0, 0] }]
  }, { prompts: [{ id: "even", rewards: [0, 0] }] }]
}

describe("what a policy was trained on", () => {
  it("are the examples of every step with their share of it", () => {
    assert.deepStrictEqual(trainedRows(JSON.stringify(sft)), [
      { step: 1, kind: "example", id: "a", weight: 0.5, learningRate: 0.1 },
      { step: 1, kind: "example", id: "b", weight: 0.25, learningRate: 0.1 },
      { step: 1, kind: "example", id: "c", weight: 0.25, learningRate: 0.1 },
      { step: 2, kind: "example", id: "b", weight: 1, learningRate: 0.2 }
    ])
  })

  it("are, in stage 2, the prompts whose answers differed in reward, by their advantages", () => {
    const rows = trainedRows(JSON.stringify(grpo))
    // deviation of (1, 0) is 0.7071: |A| sums to 1.4142; of (1, 0, 0, 0) it is 0.5: 1.5 + 3 * 0.5 = 3
    const weights = rows.map(({ id, step, weight }) => [step, id, weight] as const)
    assert.deepStrictEqual(weights.map(([step, id]) => [step, id]), [[1, "mixed"], [1, "even"], [1, "rare"], [
      2,
      "even"
    ]])
    assert.closeTo(weights[0]![2], Math.SQRT2 / (Math.SQRT2 + 3), 1e-5)
    assert.strictEqual(weights[1]![2], 0)
    assert.closeTo(weights[2]![2], 3 / (Math.SQRT2 + 3), 1e-5)
    assert.strictEqual(weights[3]![2], 0)
    assert.strictEqual(rows[0]!.learningRate, 0.5)
  })

  it("leads back to critique, clauses and prompt", async () => {
    const critique = (sampleId: string) => ({
      sampleId,
      promptId: `prompt of ${sampleId}`,
      prompt: "p",
      answer: "a",
      label: "harmful" as const,
      outcome: "answer" as const,
      verdict: "unsafe" as const,
      critique: `critique ${sampleId}`,
      cited: ["C1"],
      shown: ["C1", "C2"]
    })
    const policy = givenCheckpoint({ "training.json": JSON.stringify(sft) })
    const trained = trainedOn({ policy })
    const examples = trainedExamples({ trained, critiques: given(Critique, ["a", "b", "c", "d"].map(critique)) })
    const ran = await laboratory().run({ examples, said: trainingFindings({ policy }) })
    const rows = rowsOf(ran.table("examples"))
    assert.deepStrictEqual(rows.map(({ exampleId, steps, weight }) => [exampleId, steps, weight]), [
      ["a", ["1"], 0.5],
      ["b", ["1", "2"], 1.25],
      ["c", ["1"], 0.25]
    ])
    assert.deepInclude(rows[0], { promptId: "prompt of a", critique: "critique a", cited: ["C1"], shown: ["C1", "C2"] })
    assert.deepStrictEqual(ran.value("said"), [
      "1 of 4 examples were too long and left out of training, the longest with 900 tokens; raise sft.maxLength. None was cut."
    ])
  })

  it("is nothing where no log was kept, and a log of another form is refused", async () => {
    const ran = await laboratory().run({ trained: trainedOn({ policy: givenCheckpoint() }) })
    assert.deepStrictEqual(rowsOf(ran.table("trained")), [])
    assert.throws(() => trainedRows("{\"method\":\"dpo\"}"))
  })
})
