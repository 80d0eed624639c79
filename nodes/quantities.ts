/**
 * Numbers with the bounds they must keep: what settings and node parameters are declared with, so that a batch size of
 * zero or a negative rate is refused where it is written.
 */
import * as Schema from "effect/Schema"

/** At least one: sizes, ranks, tokens. */
export const Size = Schema.Int.check(Schema.isGreaterThan(0))

/** Zero or more: counts, steps, what 0 switches off. */
export const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** Zero to one. */
export const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** Above zero. */
export const Positive = Schema.Finite.check(Schema.isGreaterThan(0))

/** Zero or more. */
export const NonNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
