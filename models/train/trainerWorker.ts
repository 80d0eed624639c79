/**
 * Entry of the process that trains one model: loads the checkpoint, runs the job, reports. onnxruntime computes
 * synchronously, so what the parent says is heard between two steps.
 */
import { openCheckpoint } from "../Checkpoint.ts"
import { availableMemory, requireMemory, weightsMemory } from "../memory.ts"
import { type ParentPort, serveParent } from "../process/serveParent.ts"
import { runGrpo } from "./grpo.ts"
import { type TrainContext, TrainingAborted } from "./Optimisation.ts"
import { runSft } from "./sft.ts"
import { toMessage } from "./TrainingFailed.ts"
import type { RewardFunction } from "./TrainJob.ts"
import type { FromTrainer, ToTrainer, TrainerTask } from "./trainerMessages.ts"

const run = async (task: TrainerTask, context: TrainContext, reward: RewardFunction): Promise<unknown> => {
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

/** An answer to a question; one at a time is open. */
type Answer = Exclude<ToTrainer, { kind: "stop" }>

const start = (task: TrainerTask, port: ParentPort<FromTrainer>): (message: ToTrainer) => void => {
  let aborted = false
  let answered: (answer: Answer) => void = () => {}
  const ask = (question: FromTrainer): Promise<Answer> =>
    new Promise((resolve) => {
      answered = resolve
      port.send(question)
    })
  const context: TrainContext = {
    threads: task.threads,
    aborted: () => aborted,
    onProgress: (progress) => ask({ kind: "progress", progress }),
    onWritten: async () => void await ask({ kind: "written" }),
    ...(task.memoryBytes === undefined ? {} : { memoryBytes: task.memoryBytes })
  }
  const reward: RewardFunction = async (batch) => {
    const answer = await ask({ kind: "reward", batch })
    if (answer.kind === "rewards") return answer.rewards
    throw new Error(`the reward function failed: ${answer.kind === "rewardFailed" ? answer.reason : answer.kind}`)
  }
  void run(task, context, reward).then(
    (result) => port.send({ kind: "finished", result }),
    (cause) =>
      port.send(
        cause instanceof TrainingAborted
          ? { kind: "aborted" }
          : { kind: "failed", error: toMessage(cause, task.job.from) }
      )
  ).finally(() => port.close())
  return (message) => {
    if (message.kind === "stop") aborted = true
    else answered(message)
  }
}

serveParent(start)
