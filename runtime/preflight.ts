/**
 * Whether a run may start: that nothing expensive would be spent on a mere change of code before somebody has decided so,
 * that services and tools are there, and, where a run must find everything in the cache, that it does.
 */
import * as Effect from "effect/Effect"
import type { NodeDefinition } from "./Definition.ts"
import { DecisionNeeded, FrozenMiss, ServicesMissing } from "./Error.ts"
import type { Vertex } from "./Graph.ts"
import type { Plan, PlanOptions } from "./Plan.ts"
import type { Resolved } from "./Resolver.ts"
import { unready } from "./Selection.ts"
import type { Used } from "./Used.ts"
import { onlyCode } from "./Why.ts"

export interface PreflightOptions extends PlanOptions {
  /** What to do where only code changed above something expensive. */
  readonly stale: "ask" | "rerun"
  /** Fail before anything runs if something would. */
  readonly frozen?: boolean
}

/** What the stale part of the graph needs and is not there, asked of every service once. */
const missingServices = Effect.fnUntraced(function*(plan: Plan, options: PreflightOptions) {
  const services = new Set<Used>()
  for (const entry of plan.entries) {
    if (entry.state === "fresh") continue
    for (const key of (entry.vertex.definition as NodeDefinition).uses) {
      const service: Used | undefined = options.services.mapUnsafe.get(key.key)
      if (service?.missing !== undefined) services.add(service)
    }
  }
  const lines = yield* Effect.forEach(services, (service) => service.missing!, { concurrency: "unbounded" })
  return [...new Set(lines.flat())]
})

/** Fails where only code changed above something expensive: somebody must say whether its result still holds. */
export const decided = (
  nodes: ReadonlyArray<{ readonly vertex: Vertex; readonly resolved: Resolved }>,
  { stale }: Pick<PreflightOptions, "stale">
): Effect.Effect<void, DecisionNeeded> => {
  const undecided = nodes.flatMap(({ resolved: { services, state }, vertex }) => {
    if (stale !== "ask" || state.fresh || !onlyCode(state.why)) return []
    const { cost } = vertex.definition as NodeDefinition
    const expensive = cost === "expensive" || services.some((service) => service.expensive === true)
    return expensive ? [{ label: vertex.label, why: state.why[0]!.text }] : []
  })
  return undecided.length === 0 ? Effect.void : Effect.fail(
    new DecisionNeeded({
      nodes: undecided,
      next: "add --stale=rerun to run them, or `pipeline accept` to declare the results still valid"
    })
  )
}

/** Refuses a run that cannot or should not start, before anything runs. */
export const preflight = Effect.fnUntraced(function*(plan: Plan, options: PreflightOptions) {
  const lacking = options.selected === undefined
    ? undefined
    : unready([...plan.entries, ...plan.unselected], options.selected)
  if (lacking !== undefined) return yield* lacking
  const work = plan.entries.filter((entry) => entry.state !== "fresh")
  const missed = work.flatMap(({ state, vertex, why }) =>
    state === "fresh" ? [] : [{ label: vertex.label, state, why: why.map(({ text }) => text).join("; ") }]
  )
  if (options.frozen === true && missed.length > 0) return yield* new FrozenMiss({ nodes: missed })
  yield* decided(
    work.flatMap(({ resolved, state, vertex }) => state === "stale" ? [{ vertex, resolved: resolved! }] : []),
    options
  )
  const missing = yield* missingServices(plan, options)
  if (missing.length > 0) {
    return yield* new ServicesMissing({
      missing,
      next: "provide them and run the same command again, or add --rehearse where the experiment has a rehearsal"
    })
  }
})
