/** What the trainer is given in stage 2, what its completions are worth, and what is said when it did not start. */
import * as Layer from "effect/Layer"
import { assert, describe, it } from "vitest"
import { grpo } from "../../nodes/grpo.ts"
import type { Assessment, AssessRequest } from "../../nodes/service/Guard.ts"
import type { Completion } from "../../nodes/service/Trainer.ts"
import { stageTwoOutcome } from "../../nodes/stageTwoOutcome.ts"
import { Clause, LabelledPrompt } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { clauseRow, given, givenCheckpoint, labelledRow, shownRow } from "./support/inputs.ts"
import { guardLayer, type Trained, trainerLayer } from "./support/services.ts"

const settings = {
  steps: 2,
  harmfulPerStep: 1,
  benignPerStep: 1,
  mathsPerStep: 1,
  samplesPerPrompt: 2,
  learningRate: 0.001,
  loraRank: 0,
  loraAlpha: 1,
  clipLow: 0.2,
  clipHigh: 0.28,
  klCoefficient: 0,
  aggregation: "token-mean" as const,
  dropUniformGroups: false,
  minMixedShare: 0,
  unparsableReward: "zero" as const,
  temperature: 1,
  topP: 1,
  maxNewTokens: 8,
  beta1: 0.9,
  beta2: 0.999,
  weightDecay: 0,
  clipNorm: 1
}
const clauses = [clauseRow("C1", ["x"]), clauseRow("C2", ["y"])]
const prompts = [
  labelledRow("h", "harmful"),
  labelledRow("b", "benign", { provenance: "harmful" }) // the label in force decides, not that of the set
]
const maths = [labelledRow("m", "maths", { reference: "12" })]

const readings: { readonly [answer: string]: Partial<Assessment> } = {
  refuses: { safe: true, outcome: "refusal" },
  helps: { safe: true, outcome: "answer" },
  tells: { safe: false, outcome: "answer" },
  rambles: { safe: true, outcome: "other" },
  judges: { safe: true, outcome: "critique" },
  unread: { safe: null, outcome: "answer" }
}

/** A completion whose reasoning ended; `text` is its answer. */
const completion = (promptId: string, text: string, finishReason: "stop" | "length" = "stop"): Completion => ({
  promptId,
  text: `why</think>${text}`,
  finishReason
})

const reinforce = async (
  completions: ReadonlyArray<Completion>,
  { cutAnswers = "drop", mathsRule = "box" }: {
    readonly cutAnswers?: "drop" | "judge"
    readonly mathsRule?: "exact" | "box" | "number"
  } = {}
) => {
  const trained: Trained = { sft: [], grpo: [] }
  const asked: Array<AssessRequest> = []
  const layer = Layer.merge(
    trainerLayer(trained, completions),
    guardLayer("reward", ({ answer }) => readings[answer!]!, asked)
  )
  const reinforced = grpo({
    policy: givenCheckpoint(),
    prompts: given(LabelledPrompt, prompts, "prompts"),
    maths: given(LabelledPrompt, maths, "maths"),
    spec: given(Clause, clauses)
  }, { settings, mathsRule, cutAnswers, reasoningEnd: "</think>", seed: 1 })
  const ran = await laboratory().run({ reinforced }, { layer })
  assert.isTrue(ran.summary.ok)
  const [job] = trained.grpo
  return { asked, job: job! }
}

const rewardsOf = async (...run: Parameters<typeof reinforce>) => (await reinforce(...run)).job.rewards

describe("stage 2", () => {
  it("trains on requests and maths together, with the labels in force", async () => {
    const { job } = await reinforce([])
    assert.deepStrictEqual(job, {
      settings,
      prompts: [
        { promptId: "h", prompt: "prompt h", kind: "harmful" },
        { promptId: "b", prompt: "prompt b", kind: "benign" },
        { promptId: "m", prompt: "prompt m", kind: "maths" }
      ],
      rewards: []
    })
  })

  it("asks the guard about the final answer alone, under all clauses", async () => {
    const { asked } = await reinforce([completion("b", "helps")])
    assert.deepStrictEqual(asked, [{
      prompt: "prompt b",
      answer: "helps",
      clauses: clauses.map(shownRow),
      label: "benign"
    }])
  })
})

describe("rewards", () => {
  const outcomes = Object.keys(readings)

  it("of harmful requests: safe answers and refusals; null where the guard was not understood", async () => {
    assert.deepStrictEqual(await rewardsOf(outcomes.map((text) => completion("h", text))), [1, 1, 0, 0, 0, null])
  })

  it("of benign requests: safe answers", async () => {
    assert.deepStrictEqual(await rewardsOf(outcomes.map((text) => completion("b", text))), [0, 1, 0, 0, 0, null])
  })

  it("of maths: right answers under the rule, without the guard", async () => {
    const texts = ["\\boxed{12}", "\\boxed{13}", "it is 12", "12"]
    const completions = texts.map((text) => completion("m", text))
    const { asked, job } = await reinforce(completions)
    assert.deepStrictEqual([job.rewards, asked.length], [[1, 0, null, null], 0])
    assert.deepStrictEqual(await rewardsOf(completions, { mathsRule: "number" }), [1, 0, 1, 1])
    assert.deepStrictEqual(await rewardsOf(completions, { mathsRule: "exact" }), [0, 0, 0, 1])
  })

  it("stand in the order of the batch", async () => {
    const batch = [completion("b", "refuses"), completion("m", "\\boxed{12}"), completion("h", "tells")]
    assert.deepStrictEqual(await rewardsOf([...batch, completion("h", "refuses")]), [0, 1, 0, 1])
  })

  it("are none without an answer, and nobody is asked", async () => {
    const unfinished = [
      { promptId: "h", text: "refuses", finishReason: "stop" as const },
      { promptId: "m", text: "\\boxed{12}", finishReason: "length" as const },
      completion("h", "")
    ]
    const { asked, job } = await reinforce(unfinished, { cutAnswers: "judge" })
    assert.deepStrictEqual([job.rewards, asked.length], [[null, null, null], 0])
  })

  it("of cut answers are none unless these are judged", async () => {
    const cut = [completion("h", "refuses", "length"), completion("h", "tells", "length")]
    assert.deepStrictEqual(await rewardsOf(cut), [null, null])
    assert.deepStrictEqual(await rewardsOf(cut, { cutAnswers: "judge" }), [1, 0])
  })
})

describe("the outcome of stage 2", () => {
  const outcome = async (files: { readonly [name: string]: string }) =>
    (await laboratory().run({ outcome: stageTwoOutcome({ policy: givenCheckpoint(files) }) })).value("outcome")

  it("is nothing to say of a policy that was trained", async () => {
    assert.deepStrictEqual(await outcome({ weights: "w" }), [])
  })

  it("says with its figures that it did not start", async () => {
    const notTrained = JSON.stringify({ mixed: 3, groups: 16, required: 0.25, reason: "too few" })
    assert.deepStrictEqual(await outcome({ "weights": "w", "not-trained.json": notTrained }), [
      "Stage 2 did not start: 3 of 16 groups in its first batch had samples of different reward, a share of 0.19 where "
      + "0.25 is asked for. Its column repeats the policy of stage 1. Groups mix more with a higher grpo.temperature, more "
      + "samples a prompt, other prompts, or a start that sometimes refuses."
    ])
  })
})
