/**
 * The role that yields prompt sets by name: generated ones, sets inside pinned packages, or local files. Its fingerprint
 * holds the pins, so that another version of a set is another input. Texts live in the cache only.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Row } from "../../runtime/Type.ts"
import type { Used } from "../../runtime/Used.ts"
import type { promptColumns, VerificationItem } from "../tables.ts"

export type PromptRow = Row<typeof promptColumns>
export type VerificationItemRow = Row<typeof VerificationItem.columns>

export interface PromptQuery {
  /** The name of a set this source knows; an unknown one fails with the names it does know. */
  readonly set: string
  /** At most this many prompts; fewer only where the set has no more. */
  readonly limit: number
  /** Decides the choice, where the set is larger than the limit. */
  readonly seed: number
}

/** A prompt set cannot be had: missing, malformed, or not what its pin says. Trying again does not help. */
export class PromptsInvalid extends Schema.TaggedError<PromptsInvalid>()("PromptsInvalid", {
  source: Schema.String,
  reason: Schema.String,
  next: Schema.String
}) {
  override get message() {
    return `prompts from ${this.source}: ${this.reason}; ${this.next}`
  }
}

/** An answer that people labelled, to calibrate a refusal judge on. */
export interface LabelledAnswer {
  readonly prompt: string
  readonly answer: string
  readonly refusal: boolean
  /** Rows with an equal request or answer share a group. */
  readonly group: string
}

/** An answer that people scored for harm, to see what a fitted harm judge is worth. */
export interface HarmAnswer {
  readonly response: string
  readonly harmful: boolean
  /** Rows with an equal request or answer share a group. */
  readonly group: string
}

export class PromptSource extends Context.Service<
  PromptSource,
  Used & {
    readonly load: (query: PromptQuery) => Effect.Effect<ReadonlyArray<PromptRow>, PromptsInvalid>
    readonly verificationItems: (
      query: PromptQuery
    ) => Effect.Effect<ReadonlyArray<VerificationItemRow>, PromptsInvalid>
    /** Human-labelled answers, where the source has any. */
    readonly labelledAnswers?: Effect.Effect<ReadonlyArray<LabelledAnswer>, PromptsInvalid>
    /** Human-scored answers, where the source has any and a harm judge is fitted on them. */
    readonly harmAnswers?: Effect.Effect<ReadonlyArray<HarmAnswer>, PromptsInvalid>
  }
>()("sinternal/nodes/PromptSource") {}
