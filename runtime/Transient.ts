/**
 * What an error says of itself when it may pass: that the same attempt, made again a little later, can succeed. Services
 * put it on their errors; `Attempts.ts` acts on it. An error without it is not tried again in the same run.
 */
import * as Schema from "effect/Schema"

export const TransientClass = Schema.Literals(["rate-limit", "server", "network", "timeout"])
/** `rate-limit`: asked too often; `server`: it failed or is overloaded; `network`: no whole answer came; `timeout`: none came in time. */
export type TransientClass = typeof TransientClass.Type

export const Transient = Schema.Struct({
  class: TransientClass,
  /** How long the server asks to be left alone. Unit: milliseconds. */
  afterMs: Schema.optionalKey(Schema.Number)
})
export type Transient = typeof Transient.Type

const isTransient = Schema.is(Transient)

/** What an error says of itself; undefined where it does not pass by itself. */
export const transientOf = (error: unknown): Transient | undefined => {
  if (typeof error !== "object" || error === null || !("transient" in error)) return undefined
  return isTransient(error.transient) ? error.transient : undefined
}
