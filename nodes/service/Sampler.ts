/**
 * The role that draws answers from a policy. Nodes ask for one answer at a time and may ask for thousands at once;
 * batching, connections and back-pressure belong to the layer behind the role (`nodes/layer/`).
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Transient } from "../../runtime/Transient.ts"
import type { Folder } from "../../runtime/Type.ts"
import type { Used } from "../../runtime/Used.ts"
import { Count, NonNegative, Share, Size } from "../quantities.ts"

export interface Message {
  readonly role: "system" | "user" | "assistant"
  readonly content: string
}

/** How to draw. Temperature 0 is greedy; topK 0 is off. Always sent explicitly: servers have defaults of their own. */
export const Sampling = Schema.Struct({
  temperature: NonNegative,
  topP: Share,
  topK: Count,
  maxNewTokens: Size
})
export type Sampling = typeof Sampling.Type

export interface SampleRequest {
  readonly policy: Folder<"checkpoint">
  readonly messages: ReadonlyArray<Message>
  readonly sampling: Sampling
  /** A safe integer: the same request gives the same answer whatever else is in flight. */
  readonly seed: number
}

export interface Answer {
  /** Raw text without the end token; for servers that split reasoning off, re-joined as the template would write it. */
  readonly text: string
  readonly finishReason: "stop" | "length" | "refusal" | "filter"
  readonly promptTokens: number
  readonly completionTokens: number
  /** Sum over the completion, nats, untempered; 0 where a server does not say. */
  readonly logprob: number
}

/** No answer came: a state to be tried again, never an empty answer. */
export class SamplerFailed extends Schema.TaggedError<SamplerFailed>()("SamplerFailed", {
  reason: Schema.String,
  next: Schema.String,
  /** Where it may pass by itself: it is tried again. */
  transient: Schema.optionalKey(Transient)
}) {
  override get message() {
    return `the sampler gave no answer: ${this.reason}; ${this.next}`
  }
}

export class Sampler extends Context.Service<
  Sampler,
  Used & {
    readonly sample: (request: SampleRequest) => Effect.Effect<Answer, SamplerFailed>
  }
>()("sinternal/nodes/Sampler") {}
