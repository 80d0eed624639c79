/** The guard for prompt sets with known labels: no model, no cost. What it goes by is in `judge/assessByRefusal.ts`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Assess from "../judge/assessByRefusal.ts"
import * as Guard from "../service/Guard.ts"

/** The guard as the instance `name` of the role; never fails. */
export const refusalGuard = <const Name extends string>(
  name: Name,
  variant: Assess.Variant = "evaluation"
): Layer.Layer<Guard.GuardRole<Name>> =>
  Layer.succeed(Guard.named(name), {
    fingerprint: `refusal-guard ${variant}`,
    code: [{ file: Assess.url, name: "assessByRefusal" }],
    assess: (request) => Effect.sync(() => Assess.assessByRefusal(variant, request))
  })
