import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { trainingVersion } from "../../../models/engineVersion.ts"
import { trainerFingerprint } from "../../../models/fingerprints.ts"
import { runSft } from "../../../models/train/sft.ts"
import { trainGrpo, trainSft } from "../../../models/train/Trainer.ts"
import { TooFewMixedGroups, TrainingFailed } from "../../../models/train/TrainingFailed.ts"
import type { GrpoJob, TrainProgress } from "../../../models/train/TrainJob.ts"
import { contentsOf, load, newFolder, running, sftJob, writeBase } from "./trainingFixture.ts"

let base: string

beforeAll(async () => {
  base = await writeBase()
})

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => assert.fail("the run finished"), (cause: unknown) => cause)

const grpoJob = (change: Partial<GrpoJob> = {}): GrpoJob => {
  const { rows: _, ...settings } = sftJob(base)
  return {
    ...settings,
    prompts: ["a", "b", "c"].map((prompt) => ({ id: prompt, prompt, kind: "letter" })),
    mix: { letter: 2 },
    steps: 3,
    aggregation: "dr-grpo",
    temperature: 1,
    topP: 0.9,
    maxNewTokens: 4,
    dropUniformGroups: false,
    minMixedShare: 0,
    ...change
  }
}

describe("trainSft", () => {
  it("gives in a worker what it gives in this thread", async () => {
    const here = sftJob(base)
    const there = sftJob(base)
    const expected = await runSft(here, await load(base), running)
    const progress: Array<TrainProgress> = []
    const actual = await trainSft(there, { threads: 1, onProgress: (step) => progress.push(step) })
    assert.deepStrictEqual(actual, expected)
    assert.deepStrictEqual(contentsOf(there.to), contentsOf(here.to))
    assert.deepStrictEqual(
      progress.map(({ step, steps }) => [step, steps]),
      Array.from({ length: 8 }, (_, i) => [i + 1, 8])
    )
    for (const { gradNorm, loss, tokensPerSecond } of progress) {
      assert.isTrue(gradNorm > 0 && loss > 0 && tokensPerSecond > 0)
    }
  })

  it("leaves the thread that asked free to do other things", async () => {
    let turns = 0
    const perStep: Array<number> = []
    const timer = setInterval(() => turns++, 0)
    try {
      await trainSft(sftJob(base, { steps: 200 }), {
        threads: 1,
        onProgress: () => {
          perStep.push(turns)
          turns = 0
        }
      })
    } finally {
      clearInterval(timer)
    }
    // a thread that waited for a step, or for the run, would not turn between two of them
    assert.isAbove(perStep.filter((turned) => turned > 0).length, 20)
  })

  it("names the threads that GRPO's samples depend on", () => {
    assert.strictEqual(trainerFingerprint({ threads: 1 }), trainingVersion)
    assert.strictEqual(trainerFingerprint({ threads: 2 }), `${trainingVersion}/2 threads`)
  })

  it("stops when it is aborted, rejects with the reason, and continues later", async () => {
    const whole = sftJob(base, { steps: 300 })
    await trainSft(whole, { threads: 1 })
    const job = sftJob(base, { steps: 300 })
    const controller = new AbortController()
    const reason = new Error("enough")
    let last = 0
    const stopped = trainSft(job, {
      threads: 1,
      signal: controller.signal,
      onProgress: ({ step }) => {
        last = step
        if (step === 2) controller.abort(reason)
      }
    })
    assert.strictEqual(await rejection(stopped), reason)
    // asked to stop while it tells of a step, it does no other
    assert.strictEqual(last, 2)
    assert.deepStrictEqual(readdirSync(job.to), [".resume"])
    await trainSft(job, { threads: 1 })
    assert.deepStrictEqual(contentsOf(job.to), contentsOf(whole.to))
  })

  it("does not start when it is aborted already", async () => {
    const reason = new Error("never mind")
    const job = sftJob(base)
    assert.strictEqual(await rejection(trainSft(job, { threads: 1, signal: AbortSignal.abort(reason) })), reason)
  })

  it("says which file a model could not be read from", async () => {
    const missing = join(newFolder(), "nothing")
    const cause = await rejection(trainSft(sftJob(missing), { threads: 1 }))
    assert.instanceOf(cause, TrainingFailed)
    assert.include((cause as TrainingFailed).message, missing)
    assert.include((cause as TrainingFailed).message, "no such file or folder")
  })
})

describe("trainGrpo", () => {
  it("asks this thread for rewards", async () => {
    const texts: Array<string> = []
    const { history } = await trainGrpo(grpoJob(), {
      threads: 1,
      reward: async (batch) => {
        texts.push(...batch.map(({ completionText }) => completionText))
        return batch.map((_, i) => i % 8 === 7 ? null : i % 2)
      }
    })
    assert.strictEqual(texts.length, 3 * 2 * 8)
    // one of eight could not be read and is worth 0
    assert.deepStrictEqual(
      history.map(({ mixedGroups, rewardMean, unparsable }) => [mixedGroups, rewardMean, unparsable]),
      [[2, 0.375, 2], [2, 0.375, 2], [2, 0.375, 2]]
    )
  })

  it("rejects with the counts when too few groups are mixed", async () => {
    const cause = await rejection(
      trainGrpo(grpoJob({ minMixedShare: 0.2 }), { threads: 1, reward: async (batch) => batch.map(() => 0.25) })
    )
    assert.instanceOf(cause, TooFewMixedGroups)
    assert.deepStrictEqual({ ...cause as TooFewMixedGroups }, {
      ...new TooFewMixedGroups({ mixed: 0, allEqual: 2, groups: 2, rewardMean: 0.25, required: 0.2 })
    })
  })

  it("reports a reward function that fails", async () => {
    const cause = await rejection(
      trainGrpo(grpoJob(), { threads: 1, reward: async () => Promise.reject(new Error("guard is down")) })
    )
    assert.instanceOf(cause, TrainingFailed)
    assert.include((cause as TrainingFailed).message, "guard is down")
  })

  it("stops while rewards are awaited", async () => {
    const controller = new AbortController()
    const reason = new Error("enough")
    const job = grpoJob()
    const stopped = trainGrpo(job, {
      threads: 1,
      signal: controller.signal,
      reward: () => {
        controller.abort(reason)
        return new Promise(() => {})
      }
    })
    assert.strictEqual(await rejection(stopped), reason)
    assert.deepStrictEqual(readdirSync(job.to), [".resume"])
  })
})
