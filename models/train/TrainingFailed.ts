/**
 * What can go wrong in training, as errors a caller can act on. They cross the worker boundary as plain data:
 * `toMessage` there, `fromMessage` here.
 */
import * as Schema from "effect/Schema"
import { NotEnoughMemory } from "../memory.ts"

/** Training stopped: unreadable checkpoint, no usable rows, a loss that is not a number, or a crashed worker. */
export class TrainingFailed extends Schema.TaggedError<TrainingFailed>()("TrainingFailed", {
  from: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `training from ${this.from} failed: ${this.reason}`
  }
}

/** GRPO learns from groups whose samples got different rewards; the first batch had too few of them. */
export class TooFewMixedGroups extends Schema.TaggedError<TooFewMixedGroups>()("TooFewMixedGroups", {
  mixed: Schema.Int,
  allEqual: Schema.Int,
  groups: Schema.Int,
  rewardMean: Schema.Finite,
  required: Schema.Finite,
  /** Samples whose reward could not be read, and all of them; absent where every reward could. */
  unparsable: Schema.optionalKey(Schema.Int),
  samples: Schema.optionalKey(Schema.Int)
}) {
  override get message() {
    const mean = this.rewardMean.toFixed(3)
    const unread = this.unparsable === undefined
      ? ""
      : `${this.unparsable} of ${this.samples} rewards could not be read: look at the verdicts and at answers without an end. `
    return `only ${this.mixed} of ${this.groups} groups have samples of different reward (${this.allEqual} have not, ` +
      `mean reward ${mean}), and the job needs a share of ${this.required}. ${unread}Raise temperature or samplesPerPrompt, ` +
      "choose prompts that the policy sometimes fails, or lower minMixedShare"
  }
}

export type TrainingError = TrainingFailed | TooFewMixedGroups | NotEnoughMemory

const kinds = [TrainingFailed, TooFewMixedGroups, NotEnoughMemory] as const
const EncodedError = Schema.Union(kinds)
const encode = Schema.encodeSync(EncodedError)
const decode = Schema.decodeUnknownSync(EncodedError)

/**
 * `cause` as data that survives structured cloning; anything unexpected becomes `TrainingFailed` of the model `from`.
 */
export const toMessage = (cause: unknown, from: string): unknown =>
  encode(
    kinds.some((kind) => cause instanceof kind)
      ? cause as TrainingError
      : new TrainingFailed({ from, reason: cause instanceof Error ? cause.message : String(cause) })
  )

export const fromMessage = (message: unknown): TrainingError => decode(message)
