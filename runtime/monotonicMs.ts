/**
 * Time for durations: a clock that only goes forward, also when somebody sets the time of the day. What happened when is
 * the wall clock's to say.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds since some instant. */
export const monotonicMsOf = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

/** {@link monotonicMsOf} the clock of the running effect. */
export const monotonicMs: Effect.Effect<number> = Effect.map(Clock.Clock, monotonicMsOf)
