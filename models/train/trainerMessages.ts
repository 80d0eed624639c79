/**
 * What the training client and its worker say to each other: plain data, copied between threads.
 */
import type { GrpoJob, RewardRequest, SftJob, TrainProgress } from "./TrainJob.ts"

/** What to train. */
export type TrainerOrder =
  | { readonly kind: "sft"; readonly job: SftJob }
  | { readonly kind: "grpo"; readonly job: GrpoJob }

/** What a worker is started with. */
export type TrainerTask = TrainerOrder & {
  readonly threads: number
  readonly memoryBytes: number | undefined
  /** One element over shared memory; not 0 asks the worker to stop after the step it is in. */
  readonly abortFlag: Int32Array<SharedArrayBuffer>
}

export type FromTrainer =
  | { readonly kind: "progress"; readonly progress: TrainProgress }
  | { readonly kind: "reward"; readonly batch: ReadonlyArray<RewardRequest> }
  | { readonly kind: "finished"; readonly result: unknown }
  | { readonly kind: "aborted" }
  | { readonly kind: "failed"; readonly error: unknown }

/** The answer to a `reward` message. */
export type ToTrainer =
  | { readonly kind: "rewards"; readonly rewards: ReadonlyArray<number> }
  | { readonly kind: "rewardFailed"; readonly reason: string }
