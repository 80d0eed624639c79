/**
 * The node of a plan that a command names, or what it may have meant.
 */
import * as Effect from "effect/Effect"
import { ExperimentInvalid } from "../Error.ts"
import { didYouMean } from "../nearestName.ts"
import type { Entry, Plan } from "../Plan.ts"

export const entryOf = (plan: Plan, experiment: string, label: string): Effect.Effect<Entry, ExperimentInvalid> => {
  const found = plan.entries.find((entry) => entry.vertex.label === label)
  if (found !== undefined) return Effect.succeed(found)
  const labels = plan.entries.map((entry) => entry.vertex.label)
  return Effect.fail(
    new ExperimentInvalid({
      experiment,
      reason: `there is no node ${label}`,
      next: `${didYouMean(label, labels)}nodes: ${labels.join(", ")}`
    })
  )
}
