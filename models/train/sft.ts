/**
 * Supervised fine-tuning: cross entropy on the target tokens of (prompt, target) rows, averaged over the tokens of a
 * batch. Also pre-training, with rendered rows and all parameters. Runs wherever the model is loaded; the worker around
 * it is `trainerWorker.ts`.
 */
import type { Tokenizer } from "../Tokenizer.ts"
import { epochBatches } from "./epochBatches.ts"
import { type LoadedModel, Optimisation, type TrainContext } from "./Optimisation.ts"
import type { TrainRow } from "./packRows.ts"
import { scheduleFactor } from "./schedule.ts"
import { TrainingFailed } from "./TrainingFailed.ts"
import type { DroppedRow, SftJob, SftResult, SftRow } from "./TrainJob.ts"

/** One step of the history in training.json. */
export interface SftStep {
  readonly loss: number
  readonly gradNorm: number
  readonly learningRate: number
  readonly tokens: number
  /** Ids of the examples of the step's batch. */
  readonly examples: ReadonlyArray<string>
}

interface Example {
  readonly id: string
  readonly ids: ReadonlyArray<number>
  readonly targetFrom: number
}

/** The tokens of one row and where its targets begin. */
const tokenizeRow = (row: SftRow, id: string, tokenizer: Tokenizer, raw: boolean): Example => {
  const prefix = tokenizer.encode(raw ? row.prompt : tokenizer.chat([{ role: "user", content: row.prompt }]))
  const target = tokenizer.encode(row.target)
  const ended = target.length > 0 && tokenizer.endIds.includes(target.at(-1)!)
  const ids = [...prefix, ...target, ...(ended ? [] : tokenizer.endIds.slice(0, 1))]
  // The first token of a sequence has nothing before it to be predicted from.
  return { id, ids, targetFrom: Math.max(1, prefix.length) }
}

const tokenizeRows = (job: SftJob, model: LoadedModel) => {
  const limit = Math.min(job.maxLength, model.config.contextLength)
  const kept: Array<Example> = []
  const dropped: Array<DroppedRow> = []
  job.rows.forEach((row, i) => {
    const example = tokenizeRow(row, row.id ?? `${i}`, model.tokenizer, job.raw ?? false)
    if (example.ids.length > limit) dropped.push({ id: example.id, tokens: example.ids.length })
    else if (example.ids.length > example.targetFrom) kept.push(example)
  })
  if (kept.length === 0) {
    throw new TrainingFailed({
      from: job.from,
      reason: job.rows.length === 0
        ? "the job has no rows"
        : `none of the ${job.rows.length} rows can be trained on (${dropped.length} are longer than ${limit} tokens)`
    })
  }
  return { kept, dropped }
}

const batchRows = (examples: ReadonlyArray<Example>): ReadonlyArray<TrainRow> => {
  const targets = examples.reduce((sum, { ids, targetFrom }) => sum + ids.length - targetFrom, 0)
  return examples.map(({ ids, targetFrom }) => ({ ids, targetFrom, weight: 1 / targets }))
}

const meanOfLastTenth = (losses: ReadonlyArray<number>): number => {
  const last = losses.slice(-Math.max(1, Math.floor(losses.length / 10)))
  return last.reduce((sum, loss) => sum + loss, 0) / last.length
}

/**
 * Trains `model` by `job` and writes the result to `job.to`; a saved state of the same job is continued and ends in the
 * same weights. With `epochs` every row is seen that often; with `steps` the epochs follow one another until they are
 * done.
 *
 * **Fails**: rejects with `TrainingFailed`, or `TrainingAborted` when the context says so.
 */
export const runSft = async (job: SftJob, model: LoadedModel, context: TrainContext): Promise<SftResult> => {
  const { dropped, kept } = tokenizeRows(job, model)
  const lengths = kept.map(({ ids }) => ids.length)
  const stepsPerEpoch = Math.ceil(kept.length / job.batchSize)
  const steps = job.steps ?? stepsPerEpoch * (job.epochs ?? 1)
  const training = new Optimisation<SftStep>(job, model, context, { loss: { kind: "ce" }, batchSize: job.batchSize })
  try {
    await training.restore()
    let epoch = -1
    let batches: ReadonlyArray<ReadonlyArray<number>> = []
    while (training.done < steps) {
      const started = performance.now()
      const step = training.done
      if (Math.floor(step / stepsPerEpoch) !== epoch) {
        epoch = Math.floor(step / stepsPerEpoch)
        batches = epochBatches(lengths, job.batchSize, job.seed, epoch)
      }
      const examples = batches[step % stepsPerEpoch]!.map((i) => kept[i]!)
      const learningRate = job.learningRate * scheduleFactor(job.schedule, step, steps, job.warmupFraction)
      const { gradNorm, loss } = await training.step(batchRows(examples), learningRate)
      const tokens = examples.reduce((sum, { ids }) => sum + ids.length, 0)
      const tokensPerSecond = tokens / (performance.now() - started) * 1000
      await training.endStep(
        { loss, gradNorm, learningRate, tokens, examples: examples.map(({ id }) => id) },
        { step: step + 1, steps, loss, tokensPerSecond, gradNorm }
      )
    }
    const result: SftResult = {
      steps,
      tokens: training.history.reduce((sum, { tokens }) => sum + tokens, 0),
      finalLoss: meanOfLastTenth(training.history.map(({ loss }) => loss)),
      dropped
    }
    const { from: _, rows: __, to: ___, ...settings } = job
    await training.finish(job.merge, { method: "sft", settings, ...result, history: training.history })
    return result
  } finally {
    await training.release()
  }
}
