/**
 * Entry of the worker thread that trains one model: loads the checkpoint, runs the job, reports. onnxruntime computes
 * synchronously, so messages cannot reach a busy worker; whether to stop is read from shared memory instead.
 */
import { parentPort, workerData } from "node:worker_threads"
import { openCheckpoint } from "../Checkpoint.ts"
import { availableMemory, requireMemory, weightsMemory } from "../memory.ts"
import type { TrainContext } from "./Optimisation.ts"
import { TrainingAborted } from "./Optimisation.ts"
import { runGrpo } from "./grpo.ts"
import { runSft } from "./sft.ts"
import { toMessage } from "./TrainingFailed.ts"
import type { RewardFunction } from "./TrainJob.ts"
import type { FromTrainer, ToTrainer, TrainerTask } from "./trainerMessages.ts"

const task = workerData as TrainerTask
const port = parentPort!

const post = (message: FromTrainer) => port.postMessage(message)

const context: TrainContext = {
  threads: task.threads,
  aborted: () => Atomics.load(task.abortFlag, 0) !== 0,
  onProgress: (progress) => post({ kind: "progress", progress }),
  ...(task.memoryBytes === undefined ? {} : { memoryBytes: task.memoryBytes })
}

/** Asks the main thread for rewards; one question is open at a time. */
const reward: RewardFunction = (batch) =>
  new Promise((resolve, reject) => {
    port.once("message", (answer: ToTrainer) =>
      answer.kind === "rewards"
        ? resolve(answer.rewards)
        : reject(new Error(`the reward function failed: ${answer.reason}`)))
    post({ kind: "reward", batch })
  })

const run = async (): Promise<unknown> => {
  const checkpoint = await openCheckpoint(task.job.from)
  requireMemory(
    `loading ${task.job.from}`,
    weightsMemory(checkpoint.config),
    task.memoryBytes ?? availableMemory(),
    "take a smaller model, or train it elsewhere"
  )
  const model = {
    config: checkpoint.config,
    weights: await checkpoint.weights(),
    tokenizer: await checkpoint.tokenizer()
  }
  return task.kind === "sft" ? runSft(task.job, model, context) : runGrpo(task.job, model, { ...context, reward })
}

run().then(
  (result) => post({ kind: "finished", result }),
  (cause) =>
    post(
      cause instanceof TrainingAborted
        ? { kind: "aborted" }
        : { kind: "failed", error: toMessage(cause, task.job.from) }
    )
).finally(() => port.close())
