/**
 * What a node's `run` returned, as an effect: bodies are generators that yield effects, or plain functions where they use
 * no service. A body that only asks for services and calls them needs no effect at all.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

type Body = Generator<any, any, any>

/** Whether a body is to be run still; anything else it returned is the result already. */
export const isGenerator = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && Symbol.iterator in value && "next" in value &&
  typeof value.next === "function"

/** A body that has taken its first steps: done, or about to yield what only an effect can do. */
export type Begun = { readonly done: true; readonly result: unknown } | { readonly done: false; readonly rest: Body }

/** What follows a step of a body that was taken already. */
function* from(step: IteratorResult<unknown, unknown>, body: Body): Body {
  let next = step
  while (next.done !== true) next = body.next(yield next.value)
  return next.value
}

/**
 * Runs a body as far as it only asks for services that are there. Of a million rows whose bodies do nothing else, none
 * costs a fiber. **Throws** what the body throws.
 */
export const begin = (body: Body, services: Context.Context<never>): Begun => {
  let step = body.next()
  while (step.done !== true && Context.isKey(step.value)) {
    const service = services.mapUnsafe.get(step.value.key)
    if (service === undefined) break
    step = body.next(service)
  }
  return step.done === true ? { done: true, result: step.value } : { done: false, rest: from(step, body) }
}

/** Runs a generator to its end in a scope of its own. */
export const bodyEffect = (made: unknown): Effect.Effect<any, any, any> =>
  isGenerator(made) ? Effect.scoped(Effect.gen(() => made)) : Effect.succeed(made)
