/**
 * Trains models in a worker thread: the client that the main thread uses. Plain promises and abort signals; every call
 * has its own worker, which ends with it. What a job does is in `sft.ts` and `grpo.ts`.
 */
import { Worker } from "node:worker_threads"
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
  /**
   * Threads onnxruntime computes with. GRPO samples from weights that change, and with several threads the order of
   * sums then depends on how many there are.
   */
  readonly threads: number
  /** Stops the run within one step; its state is saved, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TrainProgress) => void
  /** Bytes the job may take. Default: what the machine has free. */
  readonly memoryBytes?: number
}

/** The worker's entry beside this module, as source or compiled. */
const workerUrl = () =>
  new URL(import.meta.url.endsWith(".ts") ? "./trainerWorker.ts" : "./trainerWorker.js", import.meta.url)

/** What an aborted reward call tells the worker; it has read the abort flag by then. */
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

/** Runs one job in its own worker and waits for the worker to be gone. */
const train = async (order: TrainerOrder, options: TrainOptions, reward?: RewardFunction): Promise<unknown> => {
  const { from } = order.job
  checkJob(order.job)
  options.signal?.throwIfAborted()
  const abortFlag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const task: TrainerTask = { ...order, threads: options.threads, memoryBytes: options.memoryBytes, abortFlag }
  const worker = new Worker(workerUrl(), { workerData: task })
  const outcome = Promise.withResolvers<unknown>()
  const onAbort = () => Atomics.store(abortFlag, 0, 1)
  options.signal?.addEventListener("abort", onAbort, { once: true })
  const report = (progress: TrainProgress) => {
    try {
      options.onProgress?.(progress)
    } catch (cause) {
      outcome.reject(cause)
      onAbort()
    }
  }
  worker.on("message", (message: FromTrainer) => {
    if (message.kind === "progress") report(message.progress)
    else if (message.kind === "reward") {
      void answerReward(reward, message.batch, options.signal).then((answer) => worker.postMessage(answer))
    } else if (message.kind === "finished") outcome.resolve(message.result)
    else if (message.kind === "aborted") outcome.reject(options.signal?.reason)
    else outcome.reject(fromMessage(message.error))
  })
  worker.on(
    "error",
    (cause) => outcome.reject(new TrainingFailed({ from, reason: `the worker crashed (${String(cause)})` }))
  )
  const exited = new Promise<void>((resolve) => {
    worker.on("exit", (code) => {
      outcome.reject(new TrainingFailed({ from, reason: `the worker ended with code ${code}` }))
      resolve()
    })
  })
  try {
    return await outcome.promise
  } finally {
    options.signal?.removeEventListener("abort", onAbort)
    await exited
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
