/**
 * What a node's `run` returned, as an effect: bodies are generators that yield effects, or plain functions where they use
 * no service.
 */
import * as Effect from "effect/Effect"

const isGenerator = (value: unknown): value is Generator<any, any, any> =>
  typeof value === "object" && value !== null && Symbol.iterator in value && "next" in value &&
  typeof value.next === "function"

/** Runs a generator to its end in a scope of its own; anything else is the result already. */
export const bodyEffect = (made: unknown): Effect.Effect<any, any, any> =>
  isGenerator(made) ? Effect.scoped(Effect.gen(() => made)) : Effect.succeed(made)
