import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { readSafetensors } from "../../../models/load/safetensors.ts"
import { parameterName } from "../../../models/Llama.ts"
import { Decoder } from "../../../models/sample/Decoder.ts"
import { adapterName } from "../../../models/train/TrainMode.ts"
import { TrainingAborted } from "../../../models/train/Optimisation.ts"
import { scheduleFactor } from "../../../models/train/schedule.ts"
import { runSft } from "../../../models/train/sft.ts"
import { TrainingFailed } from "../../../models/train/TrainingFailed.ts"
import type { SftJob } from "../../../models/train/TrainJob.ts"
import type { Weights } from "../../../models/Weights.ts"
import { alphabetRows, contentsOf, load, running, sftJob, stoppingAfter, writeBase } from "./trainingFixture.ts"

let base: string

beforeAll(async () => {
  base = await writeBase()
})

const train = async (job: SftJob, context = running) => runSft(job, await load(job.from), context)

/** The error of a run that must fail. */
const failure = async (job: SftJob, context = running): Promise<unknown> => {
  try {
    await train(job, context)
  } catch (cause) {
    return cause
  }
  throw new Error("the run finished")
}

const weightsOf = async (folder: string): Promise<Weights> => (await load(folder)).weights

const greedy = async (folder: string, prompts: ReadonlyArray<string>) => {
  const decoder = await Decoder.open({ ...await load(folder), width: 4, threads: 1 })
  const samples = await decoder.generate(prompts.map((content) => ({
    messages: [{ role: "user", content }],
    maxNewTokens: 6,
    temperature: 0,
    topP: 1,
    topK: 0,
    seed: 0
  })))
  await decoder.release()
  return samples.map(({ finishReason, text }) => `${text} (${finishReason})`)
}

describe("runSft", () => {
  it("teaches the targets and where they end, to all weights and then to adapters", async () => {
    const taught = async (job: SftJob) => {
      const { finalLoss, steps, tokens } = await train(job)
      assert.strictEqual(steps, 60 * 4)
      // Every row has 2 + 1 prompt tokens and 3 + 1 target tokens.
      assert.strictEqual(tokens, 60 * 20 * 7)
      assert.isBelow(finalLoss, 0.1)
      const { rows } = job
      assert.deepStrictEqual(
        await greedy(job.to, rows.map(({ prompt }) => prompt)),
        rows.map(({ target }) => `${target} (stop)`)
      )
    }
    const full = sftJob(base, { epochs: 60 })
    await taught(full)
    const reversed = alphabetRows.map((row) => ({ ...row, target: row.target.split(" ").reverse().join(" ") }))
    await taught(sftJob(full.to, { rows: reversed, mode: "lora", rank: 8, epochs: 60 }))
  })

  for (const mode of ["full", "lora"] as const) {
    it(`continues an aborted run to the same bytes (${mode})`, async () => {
      const whole = sftJob(base, { mode })
      await train(whole)
      const parts = sftJob(base, { mode })
      assert.instanceOf(await failure(parts, stoppingAfter(3)), TrainingAborted)
      assert.deepStrictEqual(readdirSync(parts.to), [".resume"])
      assert.instanceOf(await failure(parts, stoppingAfter(2)), TrainingAborted)
      await train(parts)
      assert.deepStrictEqual(contentsOf(parts.to), contentsOf(whole.to))
    })
  }

  it("continues a killed run from its last saved state", async () => {
    const whole = sftJob(base, { checkpointEverySteps: 2 })
    await train(whole)
    const killed = sftJob(base, { checkpointEverySteps: 2 })
    const steps: Array<number> = []
    const onProgress = ({ step }: { readonly step: number }) => {
      steps.push(step)
      if (steps.length === 5) throw new Error("killed")
    }
    assert.strictEqual((await failure(killed, { ...running, onProgress }) as Error).message, "killed")
    await train(killed, { ...running, onProgress })
    assert.deepStrictEqual(steps, [1, 2, 3, 4, 5, 5, 6, 7, 8])
    assert.deepStrictEqual(contentsOf(killed.to), contentsOf(whole.to))
  })

  it("starts anew when the job has changed", async () => {
    const job = sftJob(base)
    await failure(job, stoppingAfter(3))
    const steps: Array<number> = []
    await train({ ...job, learningRate: 0.02 }, { ...running, onProgress: ({ step }) => steps.push(step) })
    assert.deepStrictEqual(steps, [1, 2, 3, 4, 5, 6, 7, 8])
  })

  it("says which file to delete when a saved state was cut short", async () => {
    const job = sftJob(base)
    await failure(job, stoppingAfter(3))
    const state = join(job.to, ".resume", "state.bin")
    truncateSync(state, statSync(state).size - 100)
    const cause = await failure(job)
    assert.strictEqual((cause as Error).message, `${state} is cut short; delete it`)
  })

  it("leaves the model, its tokenizer and the history, and nothing else", async () => {
    const job = sftJob(base, { checkpointEverySteps: 1 })
    const { finalLoss } = await train(job)
    assert.deepStrictEqual(readdirSync(job.to).sort(), [
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
      "training.json"
    ])
    const training = JSON.parse(readFileSync(join(job.to, "training.json"), "utf8"))
    assert.strictEqual(training.history.length, 8)
    assert.strictEqual(training.history[7].loss, finalLoss)
    training.history.forEach(({ learningRate }: { learningRate: number }, step: number) =>
      assert.strictEqual(learningRate, 0.01 * scheduleFactor("cosine", step, 8, 0.1))
    )
    const seen: ReadonlyArray<string> = training.history.flatMap((step: { examples: ReadonlyArray<string> }) =>
      step.examples
    )
    for (const { id } of alphabetRows) assert.strictEqual(seen.filter((other) => other === id).length, 2, id)
    assert.notInclude(JSON.stringify(training), job.to)
  })

  it("notes which share of the step's loss each example is", async () => {
    const rows = [{ id: "short", prompt: "a", target: "b" }, { id: "long", prompt: "a", target: "b c d" }]
    const job = sftJob(base, { rows, batchSize: 2, epochs: 1 })
    await train(job)
    const [step] = JSON.parse(readFileSync(join(job.to, "training.json"), "utf8")).history
    const weights = new Map(step.examples.map((id: string, i: number) => [id, step.weights[i]]))
    // one token and the end token against three and the end token
    assert.deepStrictEqual([weights.get("short"), weights.get("long")], [2 / 6, 4 / 6])
  })

  it("obeys clipping, weight decay, seed and number format", async () => {
    const bytes = async (change: Partial<SftJob>) => {
      const job = sftJob(base, { epochs: 1, ...change })
      await train(job)
      return contentsOf(job.to).get("model.safetensors")!
    }
    const plain = await bytes({})
    assert.strictEqual(await bytes({}), plain)
    assert.isTrue(await bytes({ clipNorm: 0.01 }) !== plain)
    assert.isTrue(await bytes({ weightDecay: 0.5 }) !== plain)
    assert.isTrue(await bytes({ seed: 2 }) !== plain)
    assert.isBelow((await bytes({ dtype: "f16" })).length / plain.length, 0.7)
  })

  it("drops rows that are too long, and says which", async () => {
    const long = { prompt: "a", target: "b ".repeat(40).trim(), id: "long" }
    const { dropped } = await train(sftJob(base, { rows: [...alphabetRows, long] }))
    assert.deepStrictEqual(dropped, [{ id: "long", tokens: 2 + 40 + 1 }])
    const cause = await failure(sftJob(base, { rows: [long] }))
    assert.instanceOf(cause, TrainingFailed)
    assert.include((cause as TrainingFailed).message, "1 are longer than 32 tokens")
  })

  it("takes raw rows literally and adds the end token only where it is missing", async () => {
    const rows = [{ prompt: "a b", target: "c d" }, { prompt: "", target: "a b c <end>" }]
    const { steps, tokens } = await train(sftJob(base, { rows, raw: true, epochs: 1 }))
    assert.strictEqual(steps, 1)
    assert.strictEqual(tokens, 5 + 4)
  })

  it("takes as many steps as asked for, over several epochs", async () => {
    const { steps } = await train(sftJob(base, { steps: 10 }))
    assert.strictEqual(steps, 10)
  })

  it("stops when the loss is not a number", async () => {
    const model = await load(base)
    model.weights.get(parameterName(0, "q"))!.fill(NaN)
    const cause = await runSft(sftJob(base), model, running).then(() => undefined, (error: unknown) => error)
    assert.instanceOf(cause, TrainingFailed)
    assert.include((cause as TrainingFailed).message, "at step 1")
  })

  it("writes unmerged adapters that add up to the merged weights", async () => {
    const merged = sftJob(base, { mode: "lora", rank: 4, alpha: 6, targets: ["q", "down"] })
    const apart = sftJob(base, { mode: "lora", rank: 4, alpha: 6, targets: ["q", "down"], merge: false })
    await train(merged)
    await train(apart)
    assert.isFalse(existsSync(join(apart.to, "model.safetensors")))
    const config = JSON.parse(readFileSync(join(apart.to, "adapter_config.json"), "utf8"))
    assert.deepStrictEqual([config.r, config.lora_alpha, config.target_modules], [4, 6, ["q_proj", "down_proj"]])
    const names = [adapterName(1, "down", "a"), adapterName(1, "down", "b")].map((name) => `base_model.model.${name}`)
    const adapters = await readSafetensors(
      join(apart.to, "adapter_model.safetensors"),
      new Map([[names[0]!, [4, 24]], [names[1]!, [16, 4]]])
    )
    const name = parameterName(1, "down")
    const before = (await load(base)).weights.get(name)!
    const after = (await load(merged.to)).weights.get(name)!
    const a = adapters.get(names[0]!)!
    const b = adapters.get(names[1]!)!
    assert.isAbove(Math.max(...b.map(Math.abs)), 0.01)
    for (let i = 0; i < after.length; i++) {
      let sum = before[i]!
      for (let r = 0; r < 4; r++) sum += 1.5 * b[Math.floor(i / 24) * 4 + r]! * a[r * 24 + i % 24]!
      assert.closeTo(after[i]!, sum, 1e-6)
    }
    const untouched = parameterName(1, "up")
    assert.deepStrictEqual((await load(merged.to)).weights.get(untouched), (await load(base)).weights.get(untouched))
  })

  it("computes the loss on other rows, at the steps asked for and at the last, and trains the same", async () => {
    const rows = alphabetRows.slice(0, 5)
    const evaluation = { rows: [...rows, { id: "long", prompt: "a ".repeat(40), target: "b" }], everySteps: 3 }
    const plain = sftJob(base, { mode: "lora", merge: true })
    const measured = { ...sftJob(base, { mode: "lora", merge: true }), evaluation }
    await train(plain)
    const progress: Array<number | undefined> = []
    const result = await train(measured, {
      ...running,
      onProgress: ({ evaluationLoss }) => progress.push(evaluationLoss)
    })
    assert.deepStrictEqual(result.evaluation!.dropped, [{ id: "long", tokens: 43 }])
    assert.deepStrictEqual(progress.map((loss) => loss !== undefined), [0, 0, 1, 0, 0, 1, 0, 1].map(Boolean))
    assert.strictEqual(progress[7], result.evaluation!.loss)
    assert.strictEqual(
      contentsOf(measured.to).get("model.safetensors"),
      contentsOf(plain.to).get("model.safetensors")
    )
    // the trained model's loss on these rows, computed from the saved folder as the loss of a first step
    const first = sftJob(measured.to, { rows, batchSize: 5, epochs: 1 })
    await train(first)
    const { history } = JSON.parse(readFileSync(join(first.to, "training.json"), "utf8"))
    assert.closeTo(result.evaluation!.loss, history[0].loss, 1e-5)
    const none = await failure({ ...measured, evaluation: { rows: [], everySteps: 1 } })
    assert.include((none as Error).message, "the job has no evaluation rows")
  })

  it("packs short rows into lines to the same weights, up to rounding, and resumes as well", async () => {
    const rows = alphabetRows.map((row, i) => ({ ...row, prompt: "z ".repeat(i % 7) + row.prompt }))
    const apart = sftJob(base, { rows, batchSize: 20, epochs: 3 })
    const together = sftJob(base, { rows, batchSize: 20, epochs: 3, packing: true })
    await train(apart)
    const tokens = await train(together)
    assert.strictEqual(tokens.steps, 3)
    const expected = await weightsOf(apart.to)
    const actual = await weightsOf(together.to)
    for (const [name, values] of expected) {
      values.forEach((value, i) => assert.closeTo(actual.get(name)![i]!, value, 1e-4, name))
    }
    const parts = sftJob(base, { rows, batchSize: 20, epochs: 3, packing: true })
    assert.instanceOf(await failure(parts, stoppingAfter(1)), TrainingAborted)
    await train(parts)
    assert.deepStrictEqual(contentsOf(parts.to), contentsOf(together.to))
  })

  it("says how much time is left", async () => {
    const left: Array<number> = []
    await train(sftJob(base), { ...running, onProgress: ({ secondsLeft }) => left.push(secondsLeft) })
    assert.isTrue(left.slice(0, -1).every((seconds) => seconds > 0 && Number.isFinite(seconds)))
    assert.strictEqual(left.at(-1), 0)
  })

  it("refuses rows whose tokens are beyond the model's vocabulary", async () => {
    const model = await load(base)
    const cut = { ...model, config: { ...model.config, vocab: 20 } }
    const cause = await runSft(sftJob(base), cut, running).then(() => undefined, (error: Error) => error)
    assert.match(cause!.message, /row row0 has token id 28, and the model's vocabulary ends at 20/)
  })
})
