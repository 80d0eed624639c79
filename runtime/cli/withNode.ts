/**
 * What `why` and `accept` begin with: the experiment opened and planned, and the node they are asked about.
 */
import * as Effect from "effect/Effect"
import type { Entry } from "../Plan.ts"
import * as Plan from "../Plan.ts"
import * as Session from "../Session.ts"
import { entryOf } from "./entryOf.ts"
import * as flags from "./flags.ts"

export interface PlannedNode {
  readonly session: Session.Session
  readonly plan: Plan.Plan
  readonly entry: Entry
}

/** Plans the experiment and hands the node's entry to `use`. Fails with `ExperimentInvalid` for a node that is not there. */
export const withNode = <E, R>(
  given: Parameters<typeof flags.sessionOptions>[0] & { readonly node: string },
  use: (planned: PlannedNode) => Effect.Effect<void, E, R>
) =>
  Effect.suspend(() => {
    const options = flags.sessionOptions(given)
    return Effect.gen(function*() {
      const session = yield* Session.open(options)
      const plan = yield* Plan.make({ ...session.plan, countRows: false })
      const entry = yield* entryOf(plan, given.experiment, given.node)
      yield* use({ session, plan, entry })
    }).pipe(Effect.provide(Session.layer(options)), Effect.scoped)
  })
