/** The trainer role on this machine: what it says of unparsable rewards, and what a stage that did not train leaves. */
import * as Effect from "effect/Effect"
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { embeddedTrainer } from "../../../nodes/layer/embeddedTrainer.ts"
import { type GrpoSettings, Trainer } from "../../../nodes/service/Trainer.ts"
import * as Progress from "../../../runtime/Progress.ts"
import { newFolder, writeBase } from "../../models/train/trainingFixture.ts"

/** A model that an earlier stage made, with the log of that stage beside it. */
let policy: string

beforeAll(async () => {
  policy = join(newFolder(), "policy")
  cpSync(await writeBase(), policy, { recursive: true })
  writeFileSync(join(policy, "training.json"), "{\"method\":\"sft\",\"dropped\":[],\"history\":[]}")
})

const settings: GrpoSettings = {
  steps: 2,
  harmfulPerStep: 2,
  benignPerStep: 0,
  mathsPerStep: 0,
  samplesPerPrompt: 4,
  learningRate: 0.01,
  loraRank: 0,
  loraAlpha: 1,
  clipLow: 0.2,
  clipHigh: 0.28,
  klCoefficient: 0,
  aggregation: "token-mean",
  dropUniformGroups: false,
  minMixedShare: 0.5,
  unparsableReward: "zero",
  temperature: 1,
  topP: 1,
  maxNewTokens: 4,
  beta1: 0.9,
  beta2: 0.99,
  weightDecay: 0,
  clipNorm: 1
}

/** Reinforces the policy; a reward goes by the place of its sample in the group of four. */
const reinforce = async (reward: (place: number) => number | null) => {
  const into = join(newFolder(), "reinforced")
  const said: Array<string> = []
  const job = Effect.flatMap(Trainer, (trainer) =>
    trainer.grpo({
      policy: { kind: "checkpoint", content: "policy", path: policy },
      prompts: ["a", "b"].map((prompt) => ({ promptId: prompt, prompt, kind: "harmful" })),
      reward: (batch) => Effect.succeed(batch.map((_, i) => reward(i % 4))),
      settings,
      seed: 1,
      into
    }))
  await Effect.runPromise(job.pipe(
    Effect.provide(embeddedTrainer({ threads: 1, jobsAtOnce: 1, checkpointEverySteps: 0 })),
    Effect.provideService(Progress.Report, ({ detail = "" }) => void said.push(detail))
  ))
  return { into, said }
}

describe("the embedded trainer", () => {
  it("shows unparsable rewards of a step while it trains, and logs them", async () => {
    const { into, said } = await reinforce((place) => place === 3 ? null : place % 2)
    // of each group (0, 1, 0, null): mean 1/4
    assert.lengthOf(said, 2)
    for (const detail of said) assert.match(detail, /^reward 0\.25 · 2 unparsable · \d+ tok\/s$/u)
    const { samples, settings, unparsable } = JSON.parse(readFileSync(join(into, "training.json"), "utf8"))
    assert.deepStrictEqual([samples, unparsable, settings.unparsableReward], [16, 4, "zero"])
  })

  it("leaves, where too few groups are mixed, the policy and why, but no log: nothing was trained here", async () => {
    const { into, said } = await reinforce((place) => place === 3 ? null : 0)
    assert.deepStrictEqual(said, [])
    assert.isFalse(existsSync(join(into, "training.json")))
    const kept = readdirSync(policy).filter((name) => name !== "training.json")
    assert.sameMembers(readdirSync(into), [...kept, "not-trained.json"])
    const { groups, mixed, reason } = JSON.parse(readFileSync(join(into, "not-trained.json"), "utf8"))
    assert.deepStrictEqual([mixed, groups], [0, 2])
    assert.include(reason, "2 of 8 rewards could not be read")
  })
})
