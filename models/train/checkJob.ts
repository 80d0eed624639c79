/**
 * Refuses a job whose numbers cannot mean anything before a worker starts on it: a batch of zero rows would never end.
 */
import { TrainingFailed } from "./TrainingFailed.ts"
import type { GrpoJob, SftJob } from "./TrainJob.ts"

const size = { holds: (value: number) => Number.isInteger(value) && value >= 1, wants: "a whole number of at least 1" }
const positive = { holds: (value: number) => Number.isFinite(value) && value > 0, wants: "above 0" }
const notNegative = { holds: (value: number) => Number.isFinite(value) && value >= 0, wants: "0 or more" }
const share = { holds: (value: number) => value >= 0 && value <= 1, wants: "between 0 and 1" }

/** What each number of a job must be, where it is given. */
const bounds: Partial<Record<keyof SftJob | keyof GrpoJob, typeof size>> = {
  batchSize: size,
  epochs: size,
  steps: size,
  maxLength: size,
  rank: size,
  samplesPerPrompt: size,
  maxNewTokens: size,
  learningRate: positive,
  clipNorm: positive,
  alpha: positive,
  temperature: positive,
  weightDecay: notNegative,
  checkpointEverySteps: notNegative,
  clipLow: notNegative,
  clipHigh: notNegative,
  klCoefficient: notNegative,
  warmupFraction: share,
  minMixedShare: share
}

/** **Fails**: throws `TrainingFailed` naming the first number that is out of bounds. */
export const checkJob = (job: SftJob | GrpoJob): void => {
  const { evaluation } = job as Partial<SftJob>
  if (evaluation !== undefined && !size.holds(evaluation.everySteps)) {
    const reason = `evaluation.everySteps is ${evaluation.everySteps}, not ${size.wants}`
    throw new TrainingFailed({ from: job.from, reason })
  }
  for (const [name, { holds, wants }] of Object.entries(bounds)) {
    const value = (job as unknown as Readonly<Record<string, number | undefined>>)[name]
    if (name === "rank" && job.mode === "full") continue
    if (value !== undefined && !holds(value)) {
      throw new TrainingFailed({ from: job.from, reason: `${name} is ${value}, not ${wants}` })
    }
  }
}
