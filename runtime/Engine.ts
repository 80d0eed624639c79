/**
 * Runs a graph: every vertex as soon as its inputs are known, fresh ones from the cache, stale ones through
 * `Execute.ts`. A failure stops what is running (finished rows are kept) unless the caller keeps going; what lies
 * downstream is skipped. The engine decides nothing about keys and prints nothing: it emits events.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import type { RunNode } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import type { StoreFailed } from "../cache/StoreFailed.ts"
import type { NodeDefinition } from "./Definition.ts"
import { DecisionNeeded, type NodeFailed, type PlanRefused, ServicesMissing, type SourceFailed } from "./Error.ts"
import { Emit, type RowCounts } from "./Event.ts"
import type { Executed } from "./Execute.ts"
import { asNodeFailed } from "./failure.ts"
import type { Vertex } from "./Graph.ts"
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
  readonly nodes: { readonly total: number; readonly ran: number; readonly fresh: number; readonly failed: number; readonly skipped: number }
  readonly rows: RowCounts
  readonly durationMs: number
  readonly usd: number
  readonly knowns: ReadonlyMap<number, Known>
  /** Failures in the order they happened. */
  readonly failures: ReadonlyArray<NodeFailed | SourceFailed | PlanRefused | StoreFailed>
}

/** Nodes running at once; what a service can take at once is the service's to bound. */
const concurrentNodes = 16

/** Why a vertex will not be computed in this run: the label of the failed one upstream. */
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

const undecided = (plan: Plan.Plan) =>
  plan.entries.flatMap((entry) => {
    if (entry.state !== "stale" || !onlyCode(entry.why)) return []
    const expensive = (entry.vertex.definition as NodeDefinition).cost === "expensive" || entry.resolved!.services.some((service) => service.expensive === true)
    return expensive ? [{ label: entry.vertex.label, why: entry.why[0]!.text }] : []
  })

/** Runs the graph of these options. Fails before anything runs where it cannot or should not start; else yields a summary, also of failures. */
export const run = Effect.fnUntraced(function*(options: RunOptions) {
  const store = yield* Store
  const emit = yield* Emit
  const startedMs = yield* Clock.currentTimeMillis
  const { graph } = options
  const plan = yield* Plan.make({ ...options, countRows: false })
  const nodes = plan.entries.length
  emit({ event: "RunStarted", run: options.run, experiment: options.experiment, nodes })
  if (options.stale === "ask") {
    const asked = undecided(plan)
    if (asked.length > 0) {
      return yield* new DecisionNeeded({ nodes: asked, next: "add --stale=rerun to run them, or `pipeline accept` to declare the results still valid" })
    }
  }
  const missing = yield* missingServices(plan, options)
  if (missing.length > 0) {
    return yield* new ServicesMissing({ missing, next: "provide them and run the same command again, or add --rehearse where the experiment has a rehearsal" })
  }

  const results = graph.vertices.map(() => Deferred.makeUnsafe<Known, Skipped>())
  const records = new Map<number, RunNode>()
  const failures: Array<NodeFailed | SourceFailed | PlanRefused | StoreFailed> = []
  const counts = { ran: 0, fresh: 0, failed: 0, skipped: 0 }
  const rows = { ran: 0, fresh: 0, failed: 0 }
  let usd = 0
  const slots = yield* Semaphore.make(concurrentNodes)
  const resolvedByPlan = new Map(plan.entries.map((entry) => [entry.vertex.index, entry]))
  const runByPlan = new Set(plan.executed.map((entry) => entry.vertex.index))

  const putRecord = (finish?: { readonly ok: boolean; readonly at: string }) =>
    store.putRun({
      run: options.run,
      experiment: options.experiment,
      startedAt: new Date(startedMs).toISOString(),
      ...(finish === undefined ? {} : { finishedAt: finish.at, ok: finish.ok }),
      nodes: graph.vertices.flatMap((vertex) => records.get(vertex.index) ?? []),
      ...options.record
    })

  const remember = (vertex: Vertex, state: string, resolved: Resolved, known: Known, extra: { readonly [field: string]: unknown } = {}) => {
    const definition = vertex.definition as NodeDefinition
    records.set(vertex.index, {
      label: vertex.label,
      node: definition.name,
      key: resolved.key,
      state,
      ...(known.manifest === undefined ? {} : { manifest: known.manifest }),
      ...extra
    })
  }

  /** A vertex in this run, once its result is there: what it was computed from. */
  const given = new Map<number, { readonly [port: string]: Known }>()
  const targets = new Set(graph.targets.map(({ vertex }) => vertex.index))

  const finished = (vertex: Vertex, resolved: Resolved, why: ReadonlyArray<string>, done: Executed) => {
    if (done.shared) counts.fresh++
    else counts.ran++
    usd += done.action.usage.usd
    rows.ran += done.counts?.ran ?? 0
    rows.fresh += done.counts?.fresh ?? 0
    if (done.nondeterministic) emit({ event: "Nondeterministic", label: vertex.label, key: resolved.key })
    emit({
      event: "NodeFinished",
      label: vertex.label,
      key: resolved.key,
      durationMs: done.action.durationMs,
      usd: done.action.usage.usd,
      ...(done.counts === undefined ? {} : { rows: done.counts }),
      unchanged: !resolved.state.fresh && resolved.state.previous?.manifest.content === done.known.content,
      ...(done.shared ? { shared: true } : {})
    })
    remember(vertex, done.shared ? "fresh" : "ran", resolved, done.known, { why, ...(done.counts === undefined ? {} : { rows: done.counts }) })
  }

  const started = (vertex: Vertex, { key }: Resolved, why: string) => emit({ event: "NodeStarted", label: vertex.label, key, why })

  const repairing = {
    ...options,
    repairs: new Repairs(),
    inputsOf: (vertex: Vertex) => given.get(vertex.index)!,
    onLost: (vertex: Vertex, resolved: Resolved) => started(vertex, resolved, lostReason),
    onRemade: (vertex: Vertex, resolved: Resolved, done: Executed) => {
      if (records.get(vertex.index)?.state === "fresh") counts.fresh--
      else counts.ran--
      finished(vertex, resolved, [lostReason], done)
    }
  }

  const compute = Effect.fnUntraced(function*(vertex: Vertex, inputs: { readonly [port: string]: Known }) {
    const planned = resolvedByPlan.get(vertex.index)
    const resolved = planned?.resolved ?? (yield* options.resolver.resolve(vertex, inputs))
    given.set(vertex.index, inputs)
    if (runByPlan.has(vertex.index)) {
      const known = plan.knowns.get(vertex.index)!
      counts.ran++
      emit({ event: "NodeFinished", label: vertex.label, key: resolved.key, durationMs: 0, usd: 0, unchanged: false })
      remember(vertex, "ran", resolved, known)
      return known
    }
    if (resolved.state.fresh) {
      const { manifest } = resolved.state.action
      const known: Known = { content: manifest.content, manifest }
      if (!targets.has(vertex.index) || (yield* isReadable(known))) {
        counts.fresh++
        emit({ event: "NodeFresh", label: vertex.label, key: resolved.key, ...(manifest.kind === "table" ? { rows: manifest.rows } : {}) })
        remember(vertex, "fresh", resolved, known)
        return known
      }
    }
    const why = resolved.state.fresh ? [lostReason] : resolved.state.why.map((reason) => reason.text)
    started(vertex, resolved, why.join("; "))
    const done = yield* executeWhole(vertex, resolved, inputs, repairing)
    finished(vertex, resolved, why, done)
    yield* putRecord()
    return done.known
  })

  const visit = (vertex: Vertex): Effect.Effect<void, any, any> =>
    Effect.gen(function*() {
      const result = results[vertex.index]!
      if (vertex.definition.kind === "source") return yield* Deferred.succeed(result, plan.knowns.get(vertex.index)!)
      const inputs: { [port: string]: Known } = {}
      for (const [port, input] of Object.entries(vertex.inputs)) {
        const exit = yield* Effect.exit(Deferred.await(results[input.index]!))
        if (Exit.isFailure(exit)) {
          counts.skipped++
          emit({ event: "NodeSkipped", label: vertex.label, because: input.label })
          return yield* Deferred.fail(result, { skippedBecause: input.label })
        }
        inputs[port] = exit.value
      }
      const exit = yield* Effect.exit(Semaphore.withPermit(slots)(compute(vertex, inputs)))
      if (Exit.isSuccess(exit)) return yield* Deferred.succeed(result, exit.value)
      const cause = asNodeFailed(vertex.label, resolvedByPlan.get(vertex.index)?.resolved?.key ?? "", exit.cause)
      const error = cause.reasons.find((reason) => reason._tag === "Fail")?.error
      if (error === undefined) return yield* Effect.failCause(cause)
      counts.failed++
      failures.push(error)
      emit({ event: "NodeFailed", label: vertex.label, reason: error.message })
      yield* Deferred.fail(result, { skippedBecause: vertex.label })
      if (!options.keepGoing) return yield* Effect.fail(error)
    })

  const whole = Effect.forEach(graph.vertices, visit, { concurrency: "unbounded", discard: true })
  const exit = yield* Effect.exit(whole)
  const durationMs = (yield* Clock.currentTimeMillis) - startedMs
  const ok = Exit.isSuccess(exit) && failures.length === 0
  counts.skipped = nodes - counts.ran - counts.fresh - counts.failed
  yield* putRecord({ ok, at: new Date(startedMs + durationMs).toISOString() })
  if (Exit.isFailure(exit) && failures.length === 0) return yield* Effect.failCause(exit.cause)
  const knowns = new Map<number, Known>()
  for (const [index, result] of results.entries()) {
    const polled = yield* Effect.exit(Effect.flatten(Effect.map(Deferred.poll(result), (found) => found._tag === "Some" ? found.value : Effect.interrupt)))
    if (Exit.isSuccess(polled)) knowns.set(index, polled.value)
  }
  emit({ event: "RunFinished", ok, nodes: { total: nodes, ...counts }, rows, durationMs, usd })
  return { ok, nodes: { total: nodes, ...counts }, rows, durationMs, usd, knowns, failures } satisfies Summary
})
