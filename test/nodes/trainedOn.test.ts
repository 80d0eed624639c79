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

/** Examples earn nothing. */
const unrewarded = { rewards: [], advantages: [] }

describe("what a policy was trained on", () => {
  it("are the examples of every step with their share of it", () => {
    assert.deepStrictEqual(trainedRows(JSON.stringify(sft)), [
      { step: 1, kind: "example", id: "a", weight: 0.5, learningRate: 0.1, ...unrewarded },
      { step: 1, kind: "example", id: "b", weight: 0.25, learningRate: 0.1, ...unrewarded },
      { step: 1, kind: "example", id: "c", weight: 0.25, learningRate: 0.1, ...unrewarded },
      { step: 2, kind: "example", id: "b", weight: 1, learningRate: 0.2, ...unrewarded }
    ])
  })

  it("weigh as much as their share of the step's loss, where the trainer says so", () => {
    const history = [{ learningRate: 0.1, examples: ["a", "b", "a"], weights: [0.125, 0.625, 0.25] }]
    const rows = trainedRows(JSON.stringify({ ...sft, history }))
    assert.deepStrictEqual(rows.map(({ id, weight }) => [id, weight]), [["a", 0.375], ["b", 0.625]])
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

  it("pull by advantage and by weight in the loss, where the trainer says so; unparsable ones stay apart", () => {
    const prompts = [
      { id: "a", kind: "harmful", rewards: [1, 0], advantages: [0.7, -0.7], weights: [0.125, 0.375] },
      { id: "b", kind: "maths", rewards: [1, null], advantages: [0.5, null], weights: [0.5, 0] }
    ]
    const rows = trainedRows(JSON.stringify({ ...grpo, history: [{ learningRate: 0.25, prompts }] }))
    // 0.7 · (0.125 + 0.375) = 0.35 and 0.5 · 0.5 = 0.25 of 0.6
    assert.deepStrictEqual(rows.map(({ weight }) => Number(weight.toFixed(6))), [0.583333, 0.416667])
    assert.deepStrictEqual(rows.map(({ advantages, rewards }) => [rewards, advantages]), [
      [[1, 0], [0.7, -0.7]],
      [[1, null], [0.5, null]]
    ])
    assert.strictEqual(rows[0]!.learningRate, 0.25)
  })

  it("has the advantages that its rewards give, by what the job did with unparsable ones", () => {
    const advantages = (settings: object) => {
      const history = [{ prompts: [{ id: "a", rewards: [1, 0, null] }] }]
      const [row] = trainedRows(JSON.stringify({ method: "grpo", settings: { learningRate: 1, ...settings }, history }))
      return row!.advantages.map((one) => one === null ? null : Number(one.toFixed(2)))
    }
    // (1, 0, 0): mean 1/3, deviation sqrt(1/3); (1, 0): deviation sqrt(1/2)
    assert.deepStrictEqual(advantages({}), [1.15, -0.58, -0.58])
    assert.deepStrictEqual(advantages({ unparsableReward: "leaveOut" }), [0.71, -0.71, null])
  })

  it("keeps rewards that could not be read in its table", async () => {
    const history = [{ prompts: [{ id: "a", rewards: [1, null, 0] }] }]
    const policy = givenCheckpoint({ "training.json": JSON.stringify({ ...grpo, history }) })
    const [row] = rowsOf((await laboratory().run({ trained: trainedOn({ policy }) })).table("trained"))
    assert.deepStrictEqual(row!["rewards"], [1, null, 0])
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
