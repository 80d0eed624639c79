/**
 * What the training client and its process say to each other: plain data, copied on its way.
 */
import type { Reward } from "./sampleAdvantages.ts"
import type { GrpoJob, RewardRequest, SftJob, TrainProgress } from "./TrainJob.ts"

/** What to train. */
export type TrainerOrder =
  | { readonly kind: "sft"; readonly job: SftJob }
  | { readonly kind: "grpo"; readonly job: GrpoJob }

/** What a process is started with. */
export type TrainerTask = TrainerOrder & {
  readonly threads: number
  readonly memoryBytes: number | undefined
}

export type FromTrainer =
  | { readonly kind: "progress"; readonly progress: TrainProgress }
  | { readonly kind: "written" }
  | { readonly kind: "reward"; readonly batch: ReadonlyArray<RewardRequest> }
  | { readonly kind: "finished"; readonly result: unknown }
  | { readonly kind: "aborted" }
  | { readonly kind: "failed"; readonly error: unknown }

/**
 * `stop` asks for an end after the step that is being done. `goOn` answers `progress` and `written`: without it the
 * process neither saves nor computes, so it does nothing more when its client is gone. The others answer `reward`.
 */
export type ToTrainer =
  | { readonly kind: "goOn" }
  | { readonly kind: "stop" }
  | { readonly kind: "rewards"; readonly rewards: ReadonlyArray<Reward> }
  | { readonly kind: "rewardFailed"; readonly reason: string }
