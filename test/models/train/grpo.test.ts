import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { runGrpo } from "../../../models/train/grpo.ts"
import { TrainingAborted } from "../../../models/train/Optimisation.ts"
import { drawPrompts, promptPools } from "../../../models/train/promptPools.ts"
import { TooFewMixedGroups, TrainingFailed } from "../../../models/train/TrainingFailed.ts"
import type { GrpoJob, RewardFunction, TrainProgress } from "../../../models/train/TrainJob.ts"
import { contentsOf, load, newFolder, running, stoppingAfter, writeBase } from "./trainingFixture.ts"

let base: string

beforeAll(async () => {
  base = await writeBase()
})

const prompts = Array.from({ length: 12 }, (_, i) => ({
  id: `p${i}`,
  prompt: String.fromCharCode(97 + i),
  kind: i % 3 === 0 ? "harm" : "safe"
}))

const grpoJob = (change: Partial<GrpoJob> = {}): GrpoJob => ({
  from: base,
  to: join(newFolder(), "trained"),
  prompts,
  mix: { harm: 2, safe: 4 },
  samplesPerPrompt: 8,
  steps: 5,
  learningRate: 0.02,
  aggregation: "token-mean",
  temperature: 1,
  topP: 1,
  maxNewTokens: 6,
  mode: "full",
  weightDecay: 0,
  betas: [0.9, 0.99],
  clipNorm: 1,
  seed: 1,
  dropUniformGroups: true,
  minMixedShare: 0.1,
  checkpointEverySteps: 0,
  dtype: "f32",
  ...change
})

/** One for an answer with a vowel. */
const vowels: RewardFunction = async (batch) =>
  batch.map(({ completionText }) => /[aeiou]/.test(completionText.replaceAll(/<\w+>/g, "")) ? 1 : 0)

const train = async (job: GrpoJob, reward: RewardFunction = vowels, context = running) =>
  runGrpo(job, await load(job.from), { ...context, reward })

const failure = async (job: GrpoJob, reward: RewardFunction = vowels, context = running): Promise<unknown> => {
  try {
    await train(job, reward, context)
  } catch (cause) {
    return cause
  }
  throw new Error("the run finished")
}

describe("runGrpo", () => {
  for (const mode of ["full", "lora"] as const) {
    it(`raises the reward (${mode})`, async () => {
      const { history } = await train(grpoJob({ mode, steps: 30, ...(mode === "lora" && { learningRate: 0.05 }) }))
      assert.deepStrictEqual(history.map(({ groups, step }) => [groups, step]), history.map((_, i) => [6, i + 1]))
      const mean = (steps: typeof history) => steps.reduce((sum, { rewardMean }) => sum + rewardMean, 0) / steps.length
      assert.isAbove(mean(history.slice(-5)), mean(history.slice(0, 5)) + 0.15)
    })

    it(`continues an aborted run to the same bytes (${mode})`, async () => {
      const settings = { mode, klCoefficient: 0.05 }
      const whole = grpoJob(settings)
      await train(whole)
      const parts = grpoJob(settings)
      assert.instanceOf(await failure(parts, vowels, stoppingAfter(2)), TrainingAborted)
      await train(parts)
      assert.deepStrictEqual(contentsOf(parts.to), contentsOf(whole.to))
    })
  }

  it("keeps the whole steps when it is stopped while rewards are awaited", async () => {
    const whole = grpoJob()
    await train(whole)
    const job = grpoJob()
    let asked = 0
    const stopped: RewardFunction = (batch) => ++asked < 3 ? vowels(batch) : Promise.reject(new Error("aborted"))
    assert.instanceOf(await failure(job, stopped, { ...running, aborted: () => asked === 3 }), TrainingAborted)
    let again = 0
    await train(job, (batch) => (again++, vowels(batch)))
    assert.strictEqual(again, 3)
    assert.deepStrictEqual(contentsOf(job.to), contentsOf(whole.to))
  })

  it("asks for the reward of every sample in the order of the prompts", async () => {
    const seen: Array<string> = []
    const job = grpoJob({ steps: 1 })
    await train(job, (batch) => {
      for (const { finishReason, promptId } of batch) {
        assert.include(["stop", "length"], finishReason)
        seen.push(promptId)
      }
      return vowels(batch)
    })
    const expected = drawPrompts(job, promptPools(job), 0).flatMap(({ id }) => new Array<string>(8).fill(id))
    assert.deepStrictEqual(seen, expected)
    const training = JSON.parse(readFileSync(join(job.to, "training.json"), "utf8"))
    assert.deepStrictEqual(
      training.history[0].prompts.map((
        { id, rewards }: { id: string; rewards: ReadonlyArray<number> }
      ) => [id, rewards.length]),
      expected.filter((_, i) => i % 8 === 0).map((id) => [id, 8])
    )
  })

  for (const mode of ["full", "lora"] as const) {
    it(`learns several times from the samples of a step, and continues to the same bytes (${mode})`, async () => {
      const settings = { mode, epochs: 3, steps: 4, schedule: "linear", warmupFraction: 0.5 } as const
      const whole = grpoJob(settings)
      const history = await train(whole)
      assert.deepStrictEqual(history.history.map(({ step }) => step), [1, 2, 3, 4])
      // the first update has ratio 1 and so objective 0; a later one has moved towards the better answers
      assert.isBelow(history.history[1]!.loss, -1e-4)
      const parts = grpoJob(settings)
      assert.instanceOf(await failure(parts, vowels, stoppingAfter(2)), TrainingAborted)
      await train(parts)
      assert.deepStrictEqual(contentsOf(parts.to), contentsOf(whole.to))
      const once = grpoJob({ ...settings, epochs: 1 })
      await train(once)
      assert.notStrictEqual(contentsOf(once.to).get("model.safetensors"), contentsOf(whole.to).get("model.safetensors"))
    })
  }

  it("takes the same steps with packed rows and recomputed activations, up to rounding", async () => {
    const norms = async (change: Partial<GrpoJob>) => {
      const job = grpoJob({ steps: 2, klCoefficient: 0.1, learningRate: 1e-4, ...change })
      await train(job)
      const { history } = JSON.parse(readFileSync(join(job.to, "training.json"), "utf8"))
      return history.map(({ gradNorm }: { readonly gradNorm: number }) => gradNorm)
    }
    const plain = await norms({})
    const packed = await norms({ packing: true, recompute: true })
    plain.forEach((norm: number, i: number) => assert.closeTo(packed[i] / norm, 1, 1e-3))
  })

  it("leaves the weights alone when no group is mixed", async () => {
    const equal: RewardFunction = async (batch) => batch.map(() => 1)
    const still = grpoJob({ minMixedShare: 0, steps: 2 })
    const { history } = await train(still, equal)
    assert.deepStrictEqual(history.map(({ mixedGroups }) => mixedGroups), [0, 0])
    const { weights } = await load(base)
    for (const [name, values] of (await load(still.to)).weights) assert.deepStrictEqual(values, weights.get(name), name)
  })

  it("stays closer to where it started with a KL term", async () => {
    const last = async (klCoefficient: number) => {
      const { history } = await train(grpoJob({ steps: 20, klCoefficient }))
      return history.slice(-5).reduce((sum, { rewardMean }) => sum + rewardMean, 0) / 5
    }
    assert.isAbove(await last(0), await last(10) + 0.1)
  })

  it("samples at the temperature asked for: at 0 all samples of a prompt are equal", async () => {
    const texts = new Map<string, Set<string>>()
    await train(grpoJob({ temperature: 0, steps: 1, minMixedShare: 0 }), (batch) => {
      for (const { completionText, promptId } of batch) {
        texts.set(promptId, (texts.get(promptId) ?? new Set()).add(completionText))
      }
      return vowels(batch)
    })
    assert.deepStrictEqual([...texts.values()].map((seen) => seen.size), [1, 1, 1, 1, 1, 1])
  })

  it("counts uniform groups in the averages when they are kept", async () => {
    const some: RewardFunction = async (batch) =>
      batch.map(({ promptId }, i) => promptId === batch[0]!.promptId ? i % 2 : 1)
    const gradNorm = async (dropUniformGroups: boolean) => {
      const job = grpoJob({ steps: 1, dropUniformGroups, aggregation: "sequence-mean" })
      await train(job, some)
      return JSON.parse(readFileSync(join(job.to, "training.json"), "utf8")).history[0].gradNorm
    }
    // One of six groups is mixed, so the mean over all sequences is a sixth of the mean over its own.
    assert.closeTo(await gradNorm(true) / await gradNorm(false), 6, 1e-4)
  })

  it("trains on the sampler's own log-probabilities, so that the first objective is the mean advantage", async () => {
    // With ratio 1 every token's loss is minus its advantage, and each group's advantages add up to zero.
    const { history } = await train(grpoJob({ steps: 1, aggregation: "sequence-mean" }))
    assert.isAbove(history[0]!.mixedGroups, 0)
    assert.closeTo(history[0]!.loss, 0, 1e-5)
  })

  /** Of every group of 8: three rewards of 1, three of 0, two that could not be read. */
  const eighths: RewardFunction = async (batch) => batch.map((_, i) => i % 8 < 3 ? 1 : i % 8 < 6 ? 0 : null)

  it("counts rewards that could not be read, by step and in all, whatever becomes of them", async () => {
    for (const [unparsableReward, mean, advantage] of [["zero", 3 / 8, null], ["leaveOut", 1 / 2, 1]] as const) {
      const job = grpoJob({ steps: 2, ...(unparsableReward === "leaveOut" && { unparsableReward }) })
      const told: Array<number | undefined> = []
      const context = { ...running, onProgress: ({ unparsable }: TrainProgress) => told.push(unparsable) }
      const { history } = await train(job, eighths, context)
      assert.deepStrictEqual(
        history.map(({ rewardMean, samples, unparsable }) => [rewardMean, samples, unparsable]),
        [[mean, 48, 12], [mean, 48, 12]]
      )
      assert.deepStrictEqual(told, [12, 12])
      const training = JSON.parse(readFileSync(join(job.to, "training.json"), "utf8"))
      assert.deepStrictEqual([training.samples, training.unparsable], [96, 24])
      const [{ advantages, kind, rewards, weights }] = training.history[0].prompts
      assert.deepStrictEqual([kind, rewards], ["harm", [1, 1, 1, 0, 0, 0, null, null]])
      assert.strictEqual(training.history[0].learningRate, job.learningRate)
      const out = advantages.filter((one: number | null) => one === null).length
      assert.deepStrictEqual([out, weights[7] === 0], advantage === null ? [0, false] : [2, true])
      const all = training.history[0].prompts.flatMap((prompt: { weights: ReadonlyArray<number> }) => prompt.weights)
      assert.closeTo(all.reduce((sum: number, weight: number) => sum + weight, 0), 1, 1e-12)
    }
  })

  it("says that no reward could be read where it refuses to start", async () => {
    const cause = await failure(grpoJob(), async (batch) => batch.map(() => null))
    assert.instanceOf(cause, TooFewMixedGroups)
    assert.include((cause as TooFewMixedGroups).message, "48 of 48 rewards could not be read")
  })

  it("refuses to start when too few groups are mixed", async () => {
    const firstOnly: RewardFunction = async (batch) => batch.map((_, i) => i === 0 ? 1 : 0)
    const cause = await failure(grpoJob({ minMixedShare: 0.5 }), firstOnly)
    assert.instanceOf(cause, TooFewMixedGroups)
    const { allEqual, groups, mixed } = cause as TooFewMixedGroups
    assert.deepStrictEqual({ mixed, allEqual, groups }, { mixed: 1, allEqual: 5, groups: 6 })
    assert.include((cause as TooFewMixedGroups).message, "1 of 6 groups")
  })

  it("names what is wrong with a job or a reward", async () => {
    const message = async (job: GrpoJob, reward?: RewardFunction) => {
      const cause = await failure(job, reward)
      assert.instanceOf(cause, TrainingFailed)
      return (cause as TrainingFailed).message
    }
    assert.include(
      await message(grpoJob({ mix: { harm: 5 } })),
      "takes 5 prompts of kind \"harm\" per step, and there are 4"
    )
    assert.include(await message(grpoJob({ mix: {} })), "takes no prompts")
    assert.include(await message(grpoJob({ maxNewTokens: 63 })), "prompt p0 has 2 tokens")
    assert.include(await message(grpoJob(), async () => [1]), "answered 48 completions with 1 rewards")
    assert.include(await message(grpoJob(), async (batch) => batch.map(() => NaN)), "with reward NaN for p")
  })
})

describe("drawPrompts", () => {
  it("takes as many of each kind as the mix says, each once, others at every step", () => {
    const job = grpoJob()
    const pools = promptPools(job)
    const steps = [0, 1, 2].map((step) => drawPrompts(job, pools, step))
    for (const drawn of steps) {
      assert.deepStrictEqual(drawn.map(({ kind }) => kind), ["harm", "harm", "safe", "safe", "safe", "safe"])
      assert.strictEqual(new Set(drawn).size, 6)
    }
    assert.notDeepEqual(steps[0], steps[1])
    assert.deepStrictEqual(drawPrompts(job, pools, 1), steps[1])
  })
})
