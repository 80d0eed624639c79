/**
 * Trains models in processes of their own: the client that a pipeline uses. Plain promises and abort signals; every
 * call has its process, which ends with it. What a job does is in `sft.ts` and `grpo.ts`.
 */
import { ModelProcess } from "../process/ModelProcess.ts"
import { checkJob } from "./checkJob.ts"
import type { FromTrainer, ToTrainer, TrainerOrder, TrainerTask } from "./trainerMessages.ts"
import { fromMessage, TrainingFailed } from "./TrainingFailed.ts"
import type {
  GrpoJob,
  GrpoResult,
  RewardFunction,
  RewardRequest,
  SftJob,
  SftResult,
  TrainProgress
} from "./TrainJob.ts"

export interface TrainOptions {
  /** Threads onnxruntime computes with. How many there are may decide the order in which sums add up. */
  readonly threads: number
  /** Stops the run within one step; its state is saved, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TrainProgress) => void
  /** Bytes the job may take. Default: what the machine has free. */
  readonly memoryBytes?: number
}

/** The process's entry beside this module, as source or compiled. */
const workerFile = new URL(`./trainerWorker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url)

/** What the process is told of the rewards; when the call is aborted, it has been asked to stop by then. */
const answerReward = async (
  reward: RewardFunction | undefined,
  batch: ReadonlyArray<RewardRequest>,
  signal: AbortSignal | undefined
): Promise<ToTrainer> => {
  if (reward === undefined) {
    return { kind: "rewardFailed", reason: "the job asks for rewards and there is no reward function" }
  }
  const stopped = Promise.withResolvers<never>()
  const stop = () => stopped.reject(new Error("aborted"))
  signal?.addEventListener("abort", stop, { once: true })
  if (signal?.aborted === true) stop()
  try {
    const rewards = await Promise.race([reward(batch), stopped.promise])
    return { kind: "rewards", rewards }
  } catch (cause) {
    return { kind: "rewardFailed", reason: cause instanceof Error ? cause.message : String(cause) }
  } finally {
    signal?.removeEventListener("abort", stop)
  }
}

/** Runs one job in its own process and waits for that to be gone. */
const train = async (order: TrainerOrder, options: TrainOptions, reward?: RewardFunction): Promise<unknown> => {
  const { from } = order.job
  const { memoryBytes, signal, threads } = options
  checkJob(order.job)
  signal?.throwIfAborted()
  const outcome = Promise.withResolvers<unknown>()
  const hear = (message: FromTrainer) => {
    if (message.kind === "progress") report(message.progress)
    else if (message.kind === "written") trainer.send({ kind: "goOn" })
    else if (message.kind === "reward") {
      void answerReward(reward, message.batch, signal).then((answer) => trainer.send(answer))
    } else if (message.kind === "finished") outcome.resolve(message.result)
    else if (message.kind === "aborted") outcome.reject(signal?.reason)
    else outcome.reject(fromMessage(message.error))
  }
  const task: TrainerTask = { ...order, threads, memoryBytes }
  const trainer = new ModelProcess<ToTrainer, FromTrainer>(workerFile, task, {
    heard: hear,
    ended: (how) => outcome.reject(new TrainingFailed({ from, reason: `its process ${how}` }))
  })
  const stop = () => trainer.send({ kind: "stop" })
  const report = (progress: TrainProgress) => {
    try {
      options.onProgress?.(progress)
    } catch (cause) {
      outcome.reject(cause)
      stop()
    }
    trainer.send({ kind: "goOn" })
  }
  signal?.addEventListener("abort", stop, { once: true })
  try {
    return await outcome.promise
  } finally {
    signal?.removeEventListener("abort", stop)
    await trainer.ended
  }
}

/**
 * Fine-tunes the model at `job.from` on `job.rows` and writes the result to `job.to`. Called again with the same job
 * after a crash or an abort, it continues from the saved state and ends in the same weights.
 *
 * **Fails**: rejects with `TrainingFailed`, `NotEnoughMemory`, or the signal's reason.
 */
export const trainSft = (job: SftJob, options: TrainOptions): Promise<SftResult> =>
  train({ kind: "sft", job }, options) as Promise<SftResult>

/**
 * Trains the model at `job.from` by GRPO on the rewards that `options.reward` gives its completions, and writes the
 * result to `job.to`. Continues like `trainSft`, if rewards are a function of prompt and completion.
 *
 * **Fails**: rejects with `TooFewMixedGroups` after the first batch, with `TrainingFailed` or `NotEnoughMemory`, or with
 * the signal's reason.
 */
export const trainGrpo = (
  job: GrpoJob,
  options: TrainOptions & { readonly reward: RewardFunction }
): Promise<GrpoResult> => train({ kind: "grpo", job }, options, options.reward) as Promise<GrpoResult>
