/**
 * What a node's `run` returned, as an effect: bodies are generators that yield effects, or plain functions where they use
 * no service.
 */
import * as Effect from "effect/Effect"

/** Whether a body is to be run still; anything else it returned is the result already. */
export const isGenerator = (value: unknown): value is Generator<any, any, any> =>
  typeof value === "object" && value !== null && Symbol.iterator in value && "next" in value &&
  typeof value.next === "function"

/** Runs a generator to its end in a scope of its own. */
export const bodyEffect = (made: unknown): Effect.Effect<any, any, any> =>
  isGenerator(made) ? Effect.scoped(Effect.gen(() => made)) : Effect.succeed(made)
