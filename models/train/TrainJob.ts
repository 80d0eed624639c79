/**
 * What a training job states and what it reports: the plain data that crosses from the client to the worker and back.
 * How a job is carried out is in `sft.ts` and `grpo.ts`.
 */
import type { LinearName } from "../Llama.ts"
import { linearNames } from "../Llama.ts"
import type { FloatFormat } from "../load/safetensors.ts"
import type { Reward, UnparsableReward } from "./sampleAdvantages.ts"
import type { Schedule } from "./schedule.ts"
import type { TrainMode } from "./TrainMode.ts"

/** One optimiser step as it is reported while training runs. */
export interface TrainProgress {
  /** Steps done, from 1. */
  readonly step: number
  readonly steps: number
  /** Mean loss per target token (SFT), or the policy objective (GRPO). */
  readonly loss: number
  /** GRPO: mean reward of the step's samples. */
  readonly rewardMean?: number
  /** GRPO: samples of the step whose reward could not be read. */
  readonly unparsable?: number
  /** Tokens through the model per second, sampling included. */
  readonly tokensPerSecond: number
  /** Norm of the gradient before clipping. */
  readonly gradNorm: number
  /** SFT: mean loss per target token of the evaluation rows, after the steps at which it is computed. */
  readonly evaluationLoss?: number
  /** At the pace of this process so far. */
  readonly secondsLeft: number
}

/**
 * What both kinds of job share. There is no dropout. A batch that does not fit a run of the model goes through it in
 * parts whose gradients are added up, which changes no result beyond rounding.
 */
export interface OptimiserSettings {
  /** Checkpoint folder or .gguf file to start from. */
  readonly from: string
  /** Folder to write the trained model to. */
  readonly to: string
  readonly mode: "lora" | "full"
  /** Default: 16. */
  readonly rank?: number
  /** LoRA's scale is alpha / rank. Default: twice the rank. */
  readonly alpha?: number
  /** Linear maps that get adapters. Default: all seven. */
  readonly targets?: ReadonlyArray<LinearName>
  /** Peak learning rate. */
  readonly learningRate: number
  readonly weightDecay: number
  readonly betas: readonly [number, number]
  /** Limit of the gradient's global norm. */
  readonly clipNorm: number
  /** Batch order, adapter initialisation and sampling derive from it. */
  readonly seed: number
  /** The state is saved this often; 0 saves it on abort only. */
  readonly checkpointEverySteps: number
  /** Number format of the saved weights. */
  readonly dtype: FloatFormat
  /**
   * Short rows share lines in a run, each attending to itself only: less padding. Default: false; in GRPO the answers to
   * a prompt share that instead.
   */
  readonly packing?: boolean
  /**
   * Compute activations again in the backward pass instead of keeping them: a third more time, a fraction of the
   * memory. Default: for models of more than 20 million parameters.
   */
  readonly recompute?: boolean
}

export interface SftRow {
  /** The user's turn, rendered by the chat template; with `raw`, the literal text before the target. */
  readonly prompt: string
  /** The text to learn; an end token follows it unless it ends in one. */
  readonly target: string
  /** Name of the example in training.json. Default: its index. */
  readonly id?: string
}

export interface SftJob extends OptimiserSettings {
  readonly rows: ReadonlyArray<SftRow>
  /** Passes over the rows. Default: 1, unless `steps` is given. */
  readonly epochs?: number
  /** Optimiser steps, instead of epochs. */
  readonly steps?: number
  readonly batchSize: number
  readonly schedule: Schedule
  /** Share of the steps over which the learning rate rises. */
  readonly warmupFraction: number
  /** Longest row in tokens; longer ones are dropped and counted. */
  readonly maxLength: number
  /** LoRA: merge the adapters into the saved weights; else the folder holds them in PEFT's format. */
  readonly merge: boolean
  /** Rows are rendered already: no chat template. */
  readonly raw?: boolean
  /** Rows that are not trained on, and how often the loss on them is computed; at the last step it always is. */
  readonly evaluation?: { readonly rows: ReadonlyArray<SftRow>; readonly everySteps: number }
}

/** A row that was not trained on because it is too long. */
export interface DroppedRow {
  readonly id: string
  readonly tokens: number
}

export interface SftResult {
  readonly steps: number
  /** Tokens of all batches, prompts included, padding not. */
  readonly tokens: number
  /** Mean loss over the last tenth of the steps. */
  readonly finalLoss: number
  readonly dropped: ReadonlyArray<DroppedRow>
  /** After the last step, when the job has evaluation rows; `dropped` are those among them that are too long. */
  readonly evaluation?: { readonly loss: number; readonly dropped: ReadonlyArray<DroppedRow> }
}

/** The trained parameters a job asks for. */
export const trainMode = (settings: OptimiserSettings): TrainMode => {
  if (settings.mode === "full") return { kind: "full" }
  const rank = settings.rank ?? 16
  return { kind: "lora", rank, alpha: settings.alpha ?? 2 * rank, targets: settings.targets ?? linearNames }
}

/** How per-token losses add up; see `advantage.ts`. */
export type Aggregation = "token-mean" | "sequence-mean" | "sequence-sum" | "dr-grpo"

export interface GrpoPrompt {
  readonly id: string
  /** The user's turn, rendered by the chat template. */
  readonly prompt: string
  /** Prompts are drawn by kind; see `mix`. */
  readonly kind: string
}

export interface GrpoJob extends OptimiserSettings {
  readonly prompts: ReadonlyArray<GrpoPrompt>
  /** How many prompts of each kind a step takes. */
  readonly mix: Readonly<Record<string, number>>
  /** Completions per prompt: the group within which rewards are compared. Default: 8. */
  readonly samplesPerPrompt?: number
  readonly steps: number
  /** Optimiser updates on the samples of a step; from the second on, ratios differ from 1. Default: 1. */
  readonly epochs?: number
  /** Default: constant, no warm-up; both count steps. */
  readonly schedule?: Schedule
  readonly warmupFraction?: number
  /** The probability ratio is clipped to [1 − clipLow, 1 + clipHigh]. Defaults: 0.2 and 0.28. */
  readonly clipLow?: number
  readonly clipHigh?: number
  /** Upper bound of the loss of negative advantages, as a multiple of the advantage. Default: none. */
  readonly dualClip?: number
  /** Weight of the KL estimate against the starting model. Default: 0. */
  readonly klCoefficient?: number
  readonly aggregation: Aggregation
  /** Added to the deviation of a group's rewards. Default: 1e-6. */
  readonly advantageEpsilon?: number
  readonly temperature: number
  readonly topP: number
  readonly maxNewTokens: number
  /** Leave out groups whose samples all got the same reward; they have no gradient but count in the averages. */
  readonly dropUniformGroups: boolean
  /** Smallest share of groups with different rewards in the first batch; below it the job is refused. */
  readonly minMixedShare: number
  /** What becomes of samples whose reward could not be read. Default: zero. */
  readonly unparsableReward?: UnparsableReward
}

/** One completion to be judged. */
export interface RewardRequest {
  readonly promptId: string
  readonly completionText: string
  /** Whether the completion ended by itself or at the token limit. */
  readonly finishReason: "stop" | "length"
}

/** Rewards of the completions, in their order; null where one could not be read, which is counted apart. */
export type RewardFunction = (batch: ReadonlyArray<RewardRequest>) => Promise<ReadonlyArray<Reward>>

/** One step of a GRPO run. */
export interface GrpoStep {
  /** From 1. */
  readonly step: number
  /** Of the rewards that count: an unparsable one is 0 or left out, as the job says. 0 where none is left. */
  readonly rewardMean: number
  readonly samples: number
  /** Samples whose reward could not be read. */
  readonly unparsable: number
  /** Groups whose samples got different rewards. */
  readonly mixedGroups: number
  readonly groups: number
  readonly loss: number
}

export interface GrpoResult {
  readonly history: ReadonlyArray<GrpoStep>
}
