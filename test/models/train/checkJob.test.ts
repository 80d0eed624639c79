import { assert, describe, it } from "vitest"
import { trainSft } from "../../../models/train/Trainer.ts"
import type { SftJob } from "../../../models/train/TrainJob.ts"

const job: SftJob = {
  from: "base",
  to: "tuned",
  mode: "full",
  rank: 0, // says nothing without LoRA
  rows: [],
  batchSize: 4,
  learningRate: 1e-3,
  schedule: "cosine",
  warmupFraction: 0.05,
  weightDecay: 0,
  betas: [0.9, 0.98],
  clipNorm: 1,
  seed: 0,
  maxLength: 8,
  merge: false,
  checkpointEverySteps: 0,
  dtype: "f32"
}

const refusal = async (change: Partial<SftJob>): Promise<string> => {
  try {
    await trainSft({ ...job, ...change }, { threads: 1 })
  } catch (error) {
    return (error as Error).message
  }
  throw new Error("it was accepted")
}

describe("a job", () => {
  it.each<[Partial<SftJob>, RegExp]>([
    [{ batchSize: 0 }, /batchSize is 0, not a whole number of at least 1/],
    [{ batchSize: 1.5 }, /batchSize is 1\.5/],
    [{ learningRate: -1 }, /learningRate is -1, not above 0/],
    [{ steps: 0 }, /steps is 0/],
    [{ clipNorm: Number.NaN }, /clipNorm is NaN/],
    [{ warmupFraction: 2 }, /warmupFraction is 2, not between 0 and 1/],
    [{ mode: "lora", rank: 0 }, /rank is 0/]
  ])("with %o is refused before a worker starts", async (change, message) => {
    assert.match(await refusal(change), message)
  })

  it("with sound numbers goes on to what it is about", async () => {
    assert.match(await refusal({}), /training from base failed|base/)
    assert.notMatch(await refusal({}), / is .*, not /)
  })
})
