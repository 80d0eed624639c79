/** What the trainer is given in stage 1. */
import { assert, describe, it } from "vitest"
import { Clause, Example } from "../../nodes/tables.ts"
import { verifySft } from "../../nodes/verifySft.ts"
import { laboratory } from "../runtime/support/world.ts"
import { clauseRow, given, givenCheckpoint } from "./support/inputs.ts"
import { type Trained, trainerLayer } from "./support/services.ts"

const settings = {
  loraRank: 4,
  loraAlpha: 8,
  epochs: 2,
  batchSize: 4,
  learningRate: 0.001,
  warmupFraction: 0,
  schedule: "constant" as const,
  beta1: 0.9,
  beta2: 0.98,
  weightDecay: 0,
  clipNorm: 1,
  maxLength: 64
}
const template = {
  user: "{clauses}|{prompt}|{answer}",
  clause: "{clauseId}={text}",
  clauseSeparator: ";",
  target: "{critique}</think>{verdict}",
  judgementMarker: "",
  verdictMarker: "",
  reasoningEnd: "</think>"
}
const example = (exampleId: string, verdict: "safe" | "unsafe") => ({
  exampleId,
  promptId: exampleId,
  prompt: `request ${exampleId}`,
  answer: `answer ${exampleId}`,
  label: "harmful" as const,
  critique: `critique ${exampleId}`,
  verdict
})

const train = async (
  clauses: ReadonlyArray<ReturnType<typeof clauseRow>>,
  { lab = laboratory(), seed = 1 }: { readonly lab?: ReturnType<typeof laboratory>; readonly seed?: number } = {}
) => {
  const trained: Trained = { sft: [], grpo: [] }
  const examples = given(Example, [example("b", "unsafe"), example("a", "safe")])
  const tuned = verifySft({ base: givenCheckpoint(), examples, spec: given(Clause, clauses) }, {
    settings,
    template,
    seed
  })
  const ran = await lab.run({ tuned }, { layer: trainerLayer(trained) })
  return { ran, jobs: trained.sft }
}

describe("stage 1", () => {
  it("is verification only: clauses, request and answer asked, critique and verdict the target, in the order given", async () => {
    const { jobs, ran } = await train([clauseRow("C1", ["x"]), clauseRow("C2")])
    assert.isTrue(ran.summary.ok)
    assert.deepStrictEqual(jobs, [{
      base: "checkpoint",
      settings,
      examples: [
        {
          exampleId: "b",
          prompt: "C1=text C1;C2=text C2|request b|answer b",
          target: "critique b</think>unsafe"
        },
        { exampleId: "a", prompt: "C1=text C1;C2=text C2|request a|answer a", target: "critique a</think>safe" }
      ]
    }])
  })

  it("runs again for an edited clause and another seed, and not for nothing", async () => {
    const lab = laboratory()
    const clauses = [clauseRow("C1")]
    const jobs = async (...run: Parameters<typeof train>) => (await train(...run)).jobs.length
    assert.strictEqual(await jobs(clauses, { lab }), 1)
    assert.strictEqual(await jobs(clauses, { lab }), 0)
    assert.strictEqual(await jobs(clauses, { lab, seed: 2 }), 1)
    assert.strictEqual(await jobs([clauseRow("C1", [], "new")], { lab }), 1)
  })
})
