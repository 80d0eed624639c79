/**
 * The role that turns a checkpoint and data into another checkpoint. A trainer owns the folder it is given until it
 * returns: killed and called again with the same job it continues from its last checkpoint there.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Transient } from "../../runtime/Transient.ts"
import type { Folder } from "../../runtime/Type.ts"
import type { Used } from "../../runtime/Used.ts"
import { Count, NonNegative, Positive, Share, Size } from "../quantities.ts"

/** One supervised example: `prompt` is the user turn, the chat template of the model renders it; loss falls on `target` and the end token. */
export interface SftExample {
  readonly exampleId: string
  readonly prompt: string
  readonly target: string
}

export const SftSettings = Schema.Struct({
  loraRank: Count, // 0: full parameters
  loraAlpha: Positive,
  epochs: Size,
  batchSize: Size,
  learningRate: Positive,
  warmupFraction: Share,
  schedule: Schema.Literals(["cosine", "linear", "constant"]),
  beta1: Share,
  beta2: Share,
  weightDecay: NonNegative,
  clipNorm: Positive,
  maxLength: Size // tokens of prompt and target together; longer examples are dropped and counted, never cut
})
export type SftSettings = typeof SftSettings.Type

export const GrpoSettings = Schema.Struct({
  steps: Size,
  harmfulPerStep: Count,
  benignPerStep: Count,
  mathsPerStep: Count,
  samplesPerPrompt: Size,
  learningRate: Positive,
  loraRank: Count, // 0: full parameters
  loraAlpha: Positive,
  clipLow: NonNegative,
  clipHigh: NonNegative,
  klCoefficient: NonNegative,
  aggregation: Schema.Literals(["token-mean", "sequence-mean", "dr-grpo"]),
  dropUniformGroups: Schema.Boolean,
  minMixedShare: Share, // share of mixed groups in the first batch below which training refuses to start
  unparsableReward: Schema.Literals(["zero", "leaveOut"]), // what a sample without a reward is: worth 0, or not in its group
  temperature: Positive,
  topP: Share,
  maxNewTokens: Size,
  beta1: Share,
  beta2: Share,
  weightDecay: NonNegative,
  clipNorm: Positive
})
export type GrpoSettings = typeof GrpoSettings.Type

export interface GrpoPrompt {
  readonly promptId: string
  readonly prompt: string
  readonly kind: "harmful" | "benign" | "maths"
}

export interface Completion {
  readonly promptId: string
  readonly text: string
  readonly finishReason: "stop" | "length"
}

/** In a trained checkpoint: what its trainer did, step by step (`nodes/trainedOn.ts` reads it). */
export const trainingFile = "training.json"

/** In a checkpoint whose stage refused to start: `{ mixed, groups, required, reason }`. */
export const notTrainedFile = "not-trained.json"

/** Training could not run or finish. What finished is kept in the work folder. */
export class TrainerFailed extends Schema.TaggedError<TrainerFailed>()("TrainerFailed", {
  reason: Schema.String,
  next: Schema.String,
  /** Where it may pass by itself: it is tried again. */
  transient: Schema.optionalKey(Transient)
}) {
  override get message() {
    return `training stopped: ${this.reason}; ${this.next}`
  }
}

export class Trainer extends Context.Service<
  Trainer,
  Used & {
    readonly sft: (job: {
      readonly base: Folder<"checkpoint">
      readonly examples: ReadonlyArray<SftExample>
      readonly settings: SftSettings
      readonly seed: number
      readonly into: string
    }) => Effect.Effect<void, TrainerFailed>
    /**
     * `reward` is asked once per batch, in the order given, and answers null for what could not be read. It may fail, and
     * then training stops and can be resumed.
     */
    readonly grpo: <E, R>(job: {
      readonly policy: Folder<"checkpoint">
      readonly prompts: ReadonlyArray<GrpoPrompt>
      readonly reward: (batch: ReadonlyArray<Completion>) => Effect.Effect<ReadonlyArray<number | null>, E, R>
      readonly settings: GrpoSettings
      readonly seed: number
      readonly into: string
    }) => Effect.Effect<void, TrainerFailed | E, R>
  }
>()("sinternal/nodes/Trainer") {}
