/**
 * Runs a graph: every vertex as soon as its inputs are known, fresh ones from the cache, stale ones through
 * `Execute.ts`. A failure stops what is running (finished rows are kept) unless the caller keeps going; what lies
 * downstream is skipped. The engine decides nothing about keys and prints nothing: the ledger emits events.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import { Store } from "../cache/Store.ts"
import type { NodeDefinition } from "./Definition.ts"
import { DecisionNeeded, ServicesMissing } from "./Error.ts"
import { Emit, type NodeCounts, type RowCounts } from "./Event.ts"
import type { Executed } from "./Execute.ts"
import { asNodeFailed } from "./failure.ts"
import type { Vertex } from "./Graph.ts"
import { type Failure, Ledger } from "./Ledger.ts"
import * as Plan from "./Plan.ts"
import { executeWhole, isReadable, lostReason, Repairs } from "./Repair.ts"
import type { Known, Resolved } from "./Resolver.ts"
import type { Used } from "./Used.ts"
import { onlyCode } from "./Why.ts"

export interface RunOptions extends Plan.PlanOptions {
  readonly experiment: string
  /** What to do where only code changed above something expensive. */
  readonly stale: "ask" | "rerun"
  readonly keepGoing: boolean
  /** Extra fields of the run record, for example settings. */
  readonly record: { readonly [field: string]: unknown }
}

export interface Summary {
  readonly ok: boolean
  readonly nodes: NodeCounts
  readonly rows: RowCounts
  readonly durationMs: number
  readonly usd: number
  /** Results by vertex. */
  readonly knowns: ReadonlyMap<number, Known>
  /** Failures in the order they happened. */
  readonly failures: ReadonlyArray<Failure>
}

/** Nodes running at once; what a service can take at once is the service's to bound. */
const concurrentNodes = 16

type Inputs = { readonly [port: string]: Known }

/** Why a vertex will not be computed in this run. */
interface Skipped {
  readonly skippedBecause: string
}

/** What the stale part of the graph needs and is not there, asked of every service once. */
const missingServices = Effect.fnUntraced(function*(plan: Plan.Plan, options: RunOptions) {
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

/** Expensive nodes above which only code changed: somebody must say whether their results still hold. */
const undecided = (plan: Plan.Plan) =>
  plan.entries.flatMap(({ resolved, state, vertex, why }) => {
    if (state !== "stale" || !onlyCode(why)) return []
    const { cost } = vertex.definition as NodeDefinition
    const expensive = cost === "expensive" || resolved!.services.some((service) => service.expensive === true)
    return expensive ? [{ label: vertex.label, why: why[0]!.text }] : []
  })

/** Refuses a run that cannot or should not start, before anything runs. */
const preflight = Effect.fnUntraced(function*(plan: Plan.Plan, options: RunOptions) {
  const nodes = options.stale === "ask" ? undecided(plan) : []
  if (nodes.length > 0) {
    return yield* new DecisionNeeded({
      nodes,
      next: "add --stale=rerun to run them, or `pipeline accept` to declare the results still valid"
    })
  }
  const missing = yield* missingServices(plan, options)
  if (missing.length > 0) {
    return yield* new ServicesMissing({
      missing,
      next: "provide them and run the same command again, or add --rehearse where the experiment has a rehearsal"
    })
  }
})

/** Computes one vertex, or takes it from the cache, and writes down which. */
const makeCompute = (plan: Plan.Plan, ledger: Ledger, options: RunOptions) => {
  const planned = new Map(plan.entries.map((entry) => [entry.vertex.index, entry.resolved]))
  const instant = new Set(plan.executed.map((entry) => entry.vertex.index))
  const targets = new Set(options.graph.targets.map(({ vertex }) => vertex.index))
  const given = new Map<number, Inputs>() // what each vertex was computed from in this run
  const repairing = {
    ...options,
    repairs: new Repairs(),
    inputsOf: (vertex: Vertex) => given.get(vertex.index)!,
    onLost: (vertex: Vertex, resolved: Resolved) => ledger.started(vertex, resolved, lostReason),
    onRemade: (vertex: Vertex, resolved: Resolved, done: Executed) => ledger.remade(vertex, resolved, lostReason, done)
  }

  return Effect.fnUntraced(function*(vertex: Vertex, inputs: Inputs) {
    const store = yield* Store
    const resolved = planned.get(vertex.index) ?? (yield* options.resolver.resolve(vertex, inputs))
    given.set(vertex.index, inputs)
    if (instant.has(vertex.index)) {
      const known = plan.knowns.get(vertex.index)!
      ledger.instant(vertex, resolved, known)
      return known
    }
    if (resolved.state.fresh) {
      const { manifest } = resolved.state.action
      const known: Known = { content: manifest.content, manifest }
      // nobody else in this run would notice that a target's bytes are lost
      if (!targets.has(vertex.index) || (yield* isReadable(known))) {
        ledger.fresh(vertex, resolved, known)
        return known
      }
    }
    const why = resolved.state.fresh ? [lostReason] : resolved.state.why.map((reason) => reason.text)
    ledger.started(vertex, resolved, why.join("; "))
    const done = yield* executeWhole(vertex, resolved, inputs, repairing)
    ledger.finished(vertex, resolved, why, done)
    if (ledger.due(yield* Clock.currentTimeMillis)) yield* store.putRun(ledger.record())
    return done.known
  })
}

/** Runs the graph of these options. Fails before anything runs where it cannot or should not start; else yields a summary, also of failures. */
export const run = Effect.fnUntraced(function*(options: RunOptions) {
  const store = yield* Store
  const emit = yield* Emit
  const startedMs = yield* Clock.currentTimeMillis
  const { experiment, graph, record, run } = options
  const plan = yield* Plan.make({ ...options, countRows: false })
  const nodes = plan.entries.map((entry) => entry.vertex)
  emit({ event: "RunStarted", run, experiment, nodes: nodes.length })
  yield* preflight(plan, options)

  const ledger = new Ledger({ run, experiment, startedMs, nodes, record, emit })
  const compute = makeCompute(plan, ledger, options)
  const results = graph.vertices.map(() => Deferred.makeUnsafe<Known, Skipped>())
  const knowns = new Map<number, Known>()
  const slots = yield* Semaphore.make(concurrentNodes)

  const settle = (vertex: Vertex, known: Known) => {
    knowns.set(vertex.index, known)
    return Deferred.succeed(results[vertex.index]!, known)
  }

  /** The results of a vertex's inputs, once they are there; the failure of the first that will not be. */
  const inputsOf = Effect.fnUntraced(function*(vertex: Vertex) {
    const inputs: { [port: string]: Known } = {}
    for (const [port, input] of Object.entries(vertex.inputs)) {
      inputs[port] = yield* Effect.mapError(
        Deferred.await(results[input.index]!),
        (): Skipped => ({ skippedBecause: input.label })
      )
    }
    return inputs
  })

  const visit = Effect.fnUntraced(function*(vertex: Vertex) {
    if (vertex.definition.kind === "source") return yield* settle(vertex, plan.knowns.get(vertex.index)!)
    const inputs = yield* Effect.exit(inputsOf(vertex))
    if (Exit.isFailure(inputs)) {
      const skipped = inputs.cause.reasons.find((reason) => reason._tag === "Fail")?.error
      if (skipped === undefined) return yield* Effect.failCause(inputs.cause as never)
      ledger.skipped(vertex, skipped.skippedBecause)
      return yield* Deferred.fail(results[vertex.index]!, skipped)
    }
    const exit = yield* Effect.exit(Semaphore.withPermit(slots)(compute(vertex, inputs.value)))
    if (Exit.isSuccess(exit)) return yield* settle(vertex, exit.value)
    const cause = asNodeFailed(vertex.label, "", exit.cause)
    const failure = cause.reasons.find((reason) => reason._tag === "Fail")?.error
    if (failure === undefined) return yield* Effect.failCause(cause)
    ledger.failed(vertex, failure)
    yield* Deferred.fail(results[vertex.index]!, { skippedBecause: vertex.label })
    if (!options.keepGoing) return yield* Effect.fail(failure)
  })

  const exit = yield* Effect.exit(Effect.forEach(graph.vertices, visit, { concurrency: "unbounded", discard: true }))
  const endedMs = yield* Clock.currentTimeMillis
  const ok = Exit.isSuccess(exit) && ledger.failures.length === 0
  yield* store.putRun(ledger.record({ ok, atMs: endedMs }))
  if (Exit.isFailure(exit) && ledger.failures.length === 0) return yield* Effect.failCause(exit.cause)
  const durationMs = endedMs - startedMs
  const { failures, rows, usd } = ledger
  emit({ event: "RunFinished", ok, nodes: ledger.nodes, rows, durationMs, usd })
  return { ok, nodes: ledger.nodes, rows, durationMs, usd, knowns, failures } satisfies Summary
})
