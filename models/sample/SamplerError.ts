/**
 * What can go wrong with a sampler, and how it crosses from the model's process to the caller: errors are encoded by
 * their schemas there and made whole here.
 */
import * as Schema from "effect/Schema"
import { UnsupportedModel } from "../Llama.ts"
import { CheckpointUnreadable } from "../load/CheckpointUnreadable.ts"
import { NotEnoughMemory } from "../memory.ts"
import { ChatNotRendered, UnknownWord } from "../Tokenizer.ts"

/** A request that cannot be sampled as it stands: too long, empty, out of range. Sent again it fails again. */
export class SampleRefused extends Schema.TaggedError<SampleRefused>()("SampleRefused", {
  reason: Schema.String
}) {
  override get message() {
    return `cannot sample: ${this.reason}`
  }
}

/** The sampler is gone, closed or crashed; what it had not finished is lost. */
export class SamplerStopped extends Schema.TaggedError<SamplerStopped>()("SamplerStopped", {
  checkpoint: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `the sampler of ${this.checkpoint} stopped: ${this.reason}`
  }
}

const errors = [
  SampleRefused,
  SamplerStopped,
  CheckpointUnreadable,
  UnsupportedModel,
  NotEnoughMemory,
  ChatNotRendered,
  UnknownWord
] as const

/** Any error a sampler reports. */
export const SamplerError = Schema.Union(errors)
export type SamplerError = typeof SamplerError.Type
/** The form in which it is posted. */
export type EncodedSamplerError = typeof SamplerError.Encoded

const encode = Schema.encodeSync(SamplerError)
const decode = Schema.decodeSync(SamplerError)

/** An error as plain data; what is no `SamplerError` becomes `SamplerStopped`. */
export const encodeSamplerError = (error: unknown, checkpoint: string): EncodedSamplerError =>
  encode(
    errors.some((kind) => error instanceof kind)
      ? error as SamplerError
      : new SamplerStopped({ checkpoint, reason: error instanceof Error ? error.message : String(error) })
  )

export const decodeSamplerError = (error: EncodedSamplerError): SamplerError => decode(error)
