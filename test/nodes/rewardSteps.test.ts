/** What is read of a trainer's rewards: counts by step and kind, unparsable ones apart, and when the report warns. */
import { assert, describe, it } from "vitest"
import { rewardSteps } from "../../nodes/rewardSteps.ts"
import { stageTwoOutcome } from "../../nodes/stageTwoOutcome.ts"
import { laboratory } from "../runtime/support/world.ts"
import { givenCheckpoint, rowsOf } from "./support/inputs.ts"

const log = (settings: object = {}) =>
  JSON.stringify({
    method: "grpo",
    settings: { learningRate: 0.1, ...settings },
    history: [
      {
        prompts: [
          { id: "h1", kind: "harmful", rewards: [1, null, 0] },
          { id: "h2", kind: "harmful", rewards: [1, 1, null] },
          { id: "m", kind: "maths", rewards: [null, null, null] }
        ]
      },
      { prompts: [{ id: "h1", kind: "harmful", rewards: [1, 0.5, 1] }] }
    ]
  })

const steps = async (files: { readonly [name: string]: string }) => {
  const rewards = rewardSteps({ policy: givenCheckpoint(files) }, { arm: "grpo" })
  return rowsOf((await laboratory().run({ rewards })).table("rewards"))
}

const row = (step: number, kind: string, counts: ReadonlyArray<number>) => {
  const [groups, mixedGroups, samples, unparsable, rewardSum] = counts
  return { arm: "grpo", step, kind, groups, mixedGroups, samples, unparsable, rewardSum }
}

describe("the rewards of stage 2", () => {
  it("are counted by step and kind, unparsable ones apart", async () => {
    // under `zero` (1, 1, null) is mixed, since null is worth 0
    assert.deepStrictEqual(await steps({ "training.json": log() }), [
      row(1, "harmful", [2, 2, 6, 2, 3]),
      row(1, "maths", [1, 0, 3, 3, 0]),
      row(2, "harmful", [1, 1, 3, 0, 2.5])
    ])
  })

  it("make no group mixed that is left with equal ones", async () => {
    assert.deepStrictEqual(
      (await steps({ "training.json": log({ unparsableReward: "leaveOut" }) }))[0],
      row(1, "harmful", [2, 1, 6, 2, 3])
    )
  })

  it("are none without a log of stage 2", async () => {
    assert.deepStrictEqual(await steps({ weights: "w" }), [])
    const sft = { method: "sft", dropped: [], history: [{ learningRate: 1, examples: ["a"] }] }
    assert.deepStrictEqual(await steps({ "training.json": JSON.stringify(sft) }), [])
  })
})

describe("the findings of stage 2", () => {
  const findings = async (text: string) =>
    (await laboratory().run({ said: stageTwoOutcome({ policy: givenCheckpoint({ "training.json": text }) }) })).value(
      "said"
    )

  it("say how many rewards could not be read, and what became of them", async () => {
    const [said, ...more] = (await findings(log())) as ReadonlyArray<string>
    assert.deepStrictEqual(more, [])
    assert.include(said, "could not read 5 of 12 rewards (41.7 %); they counted as 0.")
    const [other] = (await findings(log({ unparsableReward: "leaveOut" }))) as ReadonlyArray<string>
    assert.include(other, "they were left out of their groups.")
  })

  it("keep silent below a twentieth", async () => {
    const rewards = (unparsable: number) => Array.from({ length: 40 }, (_, i) => i < unparsable ? null : 1)
    const one = (unparsable: number) =>
      JSON.stringify({
        method: "grpo",
        settings: { learningRate: 1 },
        history: [{ prompts: [{ id: "p", rewards: rewards(unparsable) }] }]
      })
    assert.deepStrictEqual(await findings(one(1)), [])
    assert.lengthOf((await findings(one(2))) as ReadonlyArray<string>, 1)
  })
})
