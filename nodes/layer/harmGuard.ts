/**
 * The fitted harm judge as a guard: a second signal beside the refusal judge, for the same sets of requests. It is fitted
 * when first asked, on the scored answers of a pinned package. What it is worth is said in `judge/harmJudge.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { open } from "../inputs/package.ts"
import { label } from "../inputs/PackagePin.ts"
import { missingWheels } from "../inputs/fetchWheel.ts"
import * as Pins from "../inputs/pins.ts"
import { readHarmScores } from "../inputs/scoredAnswers.ts"
import * as Assess from "../judge/assessByHarm.ts"
import { fitHarmJudge } from "../judge/harmJudge.ts"
import * as Guard from "../service/Guard.ts"

/** The guard as the instance `name` of the role. **Fails**: `GuardFailed` where the package cannot be had. */
export const harmGuard = <const Name extends string>(name: Name): Layer.Layer<Guard.GuardRole<Name>> =>
  Layer.effect(
    Guard.named(name),
    Effect.gen(function*() {
      const judge = yield* Effect.cached(
        Effect.map(readHarmScores({ pyrit: open(Pins.pyrit) }), (rows) => fitHarmJudge(Assess.harmRows(rows)))
      )
      return {
        fingerprint: JSON.stringify({ guard: "harm", package: label(Pins.pyrit), sha256: Pins.pyrit.sha256 }),
        code: [{ file: Assess.url, name: "assessByHarm" }, { file: Assess.url, name: "harmRows" }],
        missing: missingWheels([Pins.pyrit]),
        assess: (request) =>
          Effect.map(judge, (fitted) => Assess.assessByHarm(fitted, request)).pipe(
            Effect.mapError(({ next, reason }) => new Guard.GuardFailed({ reason, next }))
          )
      }
    })
  )
