/**
 * Supervised fine-tuning: cross entropy on the target tokens of (prompt, target) rows, averaged over the tokens of a
 * batch. Also pre-training, with rendered rows and all parameters. Runs wherever the model is loaded; the worker around
 * it is `trainerWorker.ts`.
 */
import { epochBatches } from "./epochBatches.ts"
import { type LoadedModel, Optimisation, type TrainContext } from "./Optimisation.ts"
import type { TrainRow } from "./packRows.ts"
import { scheduleFactor } from "./schedule.ts"
import { type Example, sftExamples } from "./sftExamples.ts"
import type { SftJob, SftResult } from "./TrainJob.ts"

/** One step of the history in training.json. */
export interface SftStep {
  readonly loss: number
  readonly gradNorm: number
  readonly learningRate: number
  readonly tokens: number
  /** Ids of the examples of the step's batch. */
  readonly examples: ReadonlyArray<string>
  /** Each one's share of the tokens that the step's loss is the mean of, in the order of `examples`. */
  readonly weights: ReadonlyArray<number>
  /** Mean loss per target token of the evaluation rows after the step, where it was computed. */
  readonly evaluationLoss?: number
}

const targetOf = ({ ids, targetFrom }: Example): number => ids.length - targetFrom

const targetsOf = (examples: ReadonlyArray<Example>): number =>
  examples.reduce((sum, example) => sum + targetOf(example), 0)

/** Rows whose weighted losses add up to the mean over all their targets. */
const meanRows = (examples: ReadonlyArray<Example>): ReadonlyArray<TrainRow> => {
  const targets = targetsOf(examples)
  return examples.map(({ ids, targetFrom }) => ({ ids, targetFrom, weight: 1 / targets }))
}

const meanOfLastTenth = (losses: ReadonlyArray<number>): number => {
  const last = losses.slice(-Math.max(1, Math.floor(losses.length / 10)))
  return last.reduce((sum, loss) => sum + loss, 0) / last.length
}

/** The batch of every step: epoch after epoch, each in its own order. */
const batchAt = (examples: ReadonlyArray<Example>, { batchSize, seed }: SftJob) => {
  const lengths = examples.map(({ ids }) => ids.length)
  const stepsPerEpoch = Math.ceil(examples.length / batchSize)
  let epoch = -1
  let batches: ReadonlyArray<ReadonlyArray<number>> = []
  return (step: number): ReadonlyArray<Example> => {
    if (Math.floor(step / stepsPerEpoch) !== epoch) {
      epoch = Math.floor(step / stepsPerEpoch)
      batches = epochBatches(lengths, batchSize, seed, epoch)
    }
    return batches[step % stepsPerEpoch]!.map((i) => examples[i]!)
  }
}

/**
 * Trains `model` by `job` and writes the result to `job.to`; a saved state of the same job is continued and ends in the
 * same weights. With `epochs` every row is seen that often; with `steps` the epochs follow one another until they are
 * done.
 *
 * **Fails**: rejects with `TrainingFailed`, `NotEnoughMemory`, or `TrainingAborted` when the context says so.
 */
export const runSft = async (job: SftJob, model: LoadedModel, context: TrainContext): Promise<SftResult> => {
  const { dropped, kept } = sftExamples(job.rows, job, model)
  const evaluation = job.evaluation && sftExamples(job.evaluation.rows, job, model)
  const steps = job.steps ?? Math.ceil(kept.length / job.batchSize) * (job.epochs ?? 1)
  const training = new Optimisation<SftStep>(job, model, context, { loss: { kind: "ce" }, batchSize: job.batchSize })
  const batch = batchAt(kept, job)
  try {
    training.requireMemory(kept.reduce((longest, { ids }) => Math.max(longest, ids.length), 0))
    await training.restore()
    while (training.done < steps) {
      const started = performance.now()
      const step = training.done
      const examples = batch(step)
      const learningRate = job.learningRate * scheduleFactor(job.schedule, step, steps, job.warmupFraction)
      const { gradNorm, loss } = await training.step(meanRows(examples), learningRate)
      const tokens = examples.reduce((sum, { ids }) => sum + ids.length, 0)
      const targets = targetsOf(examples)
      const seen = { examples: examples.map(({ id }) => id), weights: examples.map((one) => targetOf(one) / targets) }
      const tokensPerSecond = tokens / (performance.now() - started) * 1000
      const due = step + 1 === steps || (step + 1) % (job.evaluation?.everySteps ?? Infinity) === 0
      const measured = evaluation !== undefined && due
        ? { evaluationLoss: await training.evaluate(meanRows(evaluation.kept)) }
        : {}
      await training.endStep(
        { loss, gradNorm, learningRate, tokens, ...seen, ...measured },
        { step: step + 1, steps, loss, tokensPerSecond, gradNorm, ...measured }
      )
    }
    const { history } = training
    const result: SftResult = {
      steps,
      tokens: history.reduce((sum, { tokens }) => sum + tokens, 0),
      finalLoss: meanOfLastTenth(history.map(({ loss }) => loss)),
      dropped,
      ...(evaluation && { evaluation: { loss: history.at(-1)!.evaluationLoss!, dropped: evaluation.dropped } })
    }
    const { evaluation: _, from: __, rows: ___, to: ____, ...settings } = job
    await training.finish(job.merge, { method: "sft", settings, ...result, history })
    return result
  } finally {
    await training.release()
  }
}
