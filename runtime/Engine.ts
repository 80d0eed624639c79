/**
 * Runs a graph: every vertex as soon as its inputs are known, fresh ones from the cache at once, stale ones through
 * `Execute.ts`, a bounded number at a time. After a failure nothing new starts and what is running ends (finished rows are
 * kept), unless the caller keeps going; what lies downstream is skipped. A stopped run ends in the same way. The engine
 * decides nothing about keys and prints nothing: the ledger emits events.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type { Action } from "../cache/Manifest.ts"
import { Store, type StoreFailed } from "../cache/Store.ts"
import { Control, Stopped } from "./Control.ts"
import { DecisionNeeded } from "./Error.ts"
import { Emit, type NodeCounts, type RowCounts, type Stop } from "./Event.ts"
import * as EventLog from "./EventLog.ts"
import type { Executed } from "./Execute.ts"
import { asNodeFailed } from "./failure.ts"
import type { Vertex } from "./Graph.ts"
import type { KeyParts } from "./Key.ts"
import { type Failure, Ledger } from "./Ledger.ts"
import { monotonicMs } from "./monotonicMs.ts"
import * as Plan from "./Plan.ts"
import { decided, preflight } from "./preflight.ts"
import { ReadAhead, readersIn } from "./ReadAhead.ts"
import { executeWhole, isReadable, lostReason, Repairs } from "./Repair.ts"
import type { Known, Resolved } from "./Resolver.ts"
import * as RunName from "./RunName.ts"
import * as RunFacts from "./RunFacts.ts"
import { type Inputs, Schedule } from "./Schedule.ts"

export interface RunOptions extends Plan.PlanOptions {
  readonly experiment: string
  /** What to do where only code changed above something expensive. */
  readonly stale: "ask" | "rerun"
  /** Fail before anything runs if something would. */
  readonly frozen?: boolean
  readonly keepGoing: boolean
  /** Extra fields of the run record, for example settings. */
  readonly record: { readonly [field: string]: unknown }
}

export interface Summary {
  readonly ok: boolean
  /** Why the run ended before it was done, where it was stopped. */
  readonly stopped: Stop | undefined
  readonly nodes: NodeCounts
  readonly rows: RowCounts
  readonly durationMs: number
  readonly usd: number
  /** Results by vertex. */
  readonly knowns: ReadonlyMap<number, Known>
  /** Failures in the order they happened. */
  readonly failures: ReadonlyArray<Failure>
  /** Why the run has no record, where that loses nothing. */
  readonly unrecorded: StoreFailed | undefined
}

/** Nodes running at once; what a service can take at once is the service's to bound, or its slot's. */
const concurrentNodes = 16

/** What a running vertex says: its result can be used, or nothing more comes from it. */
type Said =
  | { readonly vertex: Vertex; readonly known: Known }
  | { readonly vertex: Vertex; readonly exit: Exit.Exit<void, unknown> }

/** Whether this run is about the vertex; all are where nothing was selected. */
const selectedIn = ({ selected }: RunOptions) => ({ index }: Vertex): boolean =>
  selected === undefined || selected.has(index)

/** What is needed to run single vertices, over one run. */
const makeVisits = Effect.fnUntraced(function*(
  plan: Plan.Plan,
  schedule: Schedule,
  ledger: Ledger,
  options: RunOptions
) {
  const store = yield* Store
  const { graph, resolver } = options
  const planned = new Map(plan.entries.map((entry) => [entry.vertex.index, entry.resolved]))
  const targets = new Set(graph.targets.map(({ vertex }) => vertex.index))
  const isSelected = selectedIn(options)
  const given = new Map<number, Inputs>() // what each vertex was computed from in this run

  /** An expensive node must not begin on what its code might make of it before somebody has said so. */
  const mayBegin = (vertex: Vertex, parts: KeyParts) =>
    Effect.map(options.lastAction(vertex.label), (last) => {
      const before = (last?.parts as { readonly key?: KeyParts } | undefined)?.key
      return options.stale === "rerun" || before === undefined || before.code === parts.code
    })
  const ahead = new ReadAhead(
    { ...options, readersOf: readersIn(graph.vertices.filter(isSelected)), knowns: schedule.knowns, mayBegin },
    yield* Effect.scope
  )
  const executing = {
    ...options,
    openRows: ahead.open,
    repairs: new Repairs(),
    inputsOf: (vertex: Vertex) => given.get(vertex.index)!,
    onLost: (vertex: Vertex, resolved: Resolved) => ledger.started(vertex, resolved, lostReason),
    onRemade: (vertex: Vertex, resolved: Resolved, done: Executed) => ledger.remade(vertex, resolved, lostReason, done)
  }

  const resultOf = ({ manifest }: Action): Known => ({ content: manifest.content, manifest })

  /** The result of a vertex that needs no work; undefined where that is not certain. */
  const atOnce = (vertex: Vertex, inputs: Inputs): Known | undefined => {
    given.set(vertex.index, inputs)
    const known = plan.knowns.get(vertex.index)
    if (vertex.definition.kind === "source") return known
    const resolved = planned.get(vertex.index) ?? resolver.peek(vertex, inputs)
    if (resolved === undefined) return undefined
    const instant = plan.instant.get(vertex.index)
    if (instant !== undefined) {
      if (isSelected(vertex)) ledger.instant(vertex, resolved, instant)
      return instant.known
    }
    // nobody else in this run would notice that a target's bytes are lost
    if (!resolved.state.fresh || (targets.has(vertex.index) && isSelected(vertex))) return undefined
    const found = resultOf(resolved.state.action)
    if (isSelected(vertex)) ledger.fresh(vertex, resolved, found)
    return found
  }

  /** Takes a vertex from the cache or computes it. `settle` is told before the result is on the disk, the ledger after. */
  const compute = Effect.fnUntraced(function*(vertex: Vertex, inputs: Inputs, settle: (known: Known) => void) {
    const resolved = planned.get(vertex.index) ?? (yield* resolver.resolve(vertex, inputs))
    if (resolved.state.fresh) {
      const known = resultOf(resolved.state.action)
      if (!targets.has(vertex.index) || (yield* isReadable(known))) {
        ledger.fresh(vertex, resolved, known)
        return settle(known)
      }
    }
    yield* decided([{ vertex, resolved }], options)
    const why = resolved.state.fresh ? [lostReason] : resolved.state.why.map((reason) => reason.text)
    ledger.started(vertex, resolved, why.join("; "))
    const done = yield* executeWhole(vertex, resolved, inputs, executing)
    settle(done.known)
    yield* done.durable
    ledger.finished(vertex, resolved, why, done)
    // what the disk says against it, the record at the end tells
    if (ledger.due(yield* monotonicMs)) yield* Effect.ignore(store.putRun(ledger.record()))
  }, Effect.scoped)

  return { atOnce, compute }
})

/** Runs what is ready until nothing is, or the run is stopped. Yields why it was stopped. */
const runAll = Effect.fnUntraced(function*(plan: Plan.Plan, ledger: Ledger, options: RunOptions) {
  const outer = yield* Control
  const scope = yield* Effect.scope
  const schedule = new Schedule(options.graph.vertices)
  const running = new Map<Vertex, Fiber.Fiber<void, unknown>>()
  const working = new Set<Vertex>() // those of them whose result is not there yet; the others wait for the disk
  const said = yield* Queue.unbounded<Said>()
  const isSelected = selectedIn(options)
  let failed: Stop | undefined
  const hasFailed = yield* Deferred.make<Stop>()
  const control: Control = {
    ...outer,
    stopped: () => outer.stopped() ?? failed,
    whenStopped: Effect.raceFirst(outer.whenStopped, Deferred.await(hasFailed)) // ends waits for a further attempt
  }
  const { atOnce, compute } = yield* makeVisits(plan, schedule, ledger, options)

  const start = Effect.fnUntraced(function*(vertex: Vertex, inputs: Inputs) {
    const body = compute(vertex, inputs, (known) => void Queue.offerUnsafe(said, { vertex, known }))
    const fiber = yield* Effect.forkIn(Effect.provideService(body, Control, control), scope)
    working.add(vertex)
    running.set(vertex, fiber)
    // an observer, not a finalizer: a fiber that is interrupted before its first step runs none
    fiber.addObserver((exit) => void Queue.offerUnsafe(said, { vertex, exit }))
  })

  const advance = Effect.fnUntraced(function*() {
    while (schedule.ready.length > 0 && working.size < concurrentNodes && control.stopped() === undefined) {
      const vertex = schedule.ready.shift()!
      const inputs = schedule.inputsOf(vertex)
      const known = atOnce(vertex, inputs)
      if (known !== undefined) schedule.settle(vertex, known)
      else if (isSelected(vertex)) yield* start(vertex, inputs)
    }
  })

  /** Rows in flight end and are kept; whole bodies (a training) end where they are, to be resumed by the next run. */
  const interruptBodies = Effect.suspend(() =>
    Fiber.interruptAll([...running].flatMap(([{ definition, index }, fiber]) =>
      // a result that is known is only on its way to the disk
      definition.kind === "rows" || schedule.knowns.has(index) ? [] : [fiber]
    ))
  )
  const whenStopped = Effect.flatMap(outer.whenStopped, (stop) => {
    ledger.stopped(stop)
    return stop.reason === "interrupted" ? interruptBodies : Effect.void
  })
  yield* Effect.forkIn(whenStopped, scope)

  yield* advance()
  while (running.size > 0) {
    const next = yield* Queue.take(said)
    working.delete(next.vertex)
    if ("known" in next) schedule.settle(next.vertex, next.known)
    else {
      running.delete(next.vertex)
      const failure = Exit.isFailure(next.exit) ? yield* failureOf(next.vertex, next.exit.cause) : undefined
      if (failure !== undefined) {
        ledger.failed(next.vertex, failure)
        failed ??= options.keepGoing ? undefined : { reason: "interrupted", text: `${next.vertex.label} failed` }
        if (failed !== undefined) {
          yield* Deferred.succeed(hasFailed, failed)
          yield* interruptBodies
        }
      }
    }
    yield* advance()
  }
  const stop = control.stopped()
  for (const vertex of options.graph.vertices) {
    if (schedule.knowns.has(vertex.index) || ledger.hasFailed(vertex) || !isSelected(vertex)) continue
    if (vertex.definition.kind === "source") continue
    ledger.skipped(vertex, schedule.lacking(vertex)?.label ?? stop?.text ?? "it was stopped")
  }
  return { knowns: schedule.knowns, stopped: outer.stopped() }
})

/** What a vertex failed with; undefined where it was stopped or interrupted. A defect of the engine stays one. */
const failureOf = (vertex: Vertex, cause: Cause.Cause<unknown>): Effect.Effect<Failure | undefined> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(undefined)
  const error = Cause.squash(cause)
  if (error instanceof Stopped) return Effect.succeed(undefined)
  if (error instanceof DecisionNeeded) return Effect.succeed(error)
  const wrapped = asNodeFailed(vertex.label, "", cause)
  const failure = wrapped.reasons.find((reason) => reason._tag === "Fail")?.error
  return failure === undefined ? Effect.failCause(wrapped as Cause.Cause<never>) : Effect.succeed(failure)
}

/** Runs what a plan says, with an event log and a record that says who holds the run while it goes on. */
const runPlanned = Effect.fnUntraced(function*(plan: Plan.Plan, beganMs: number, options: RunOptions) {
  const store = yield* Store
  const { experiment, run } = options
  const startedMs = RunName.startedMsOf(run) ?? (yield* Clock.currentTimeMillis)
  const emit = yield* EventLog.recording(run)
  const record = { ...options.record, ...(yield* RunFacts.held) }
  const nodes = plan.entries.map((entry) => entry.vertex)
  const ledger = new Ledger({ run, experiment, startedMs, nodes, record, emit })
  // one that is killed before its first node ends has a record too; one without work is over at once
  if (plan.entries.some(({ state }) => state !== "fresh")) yield* store.putRun(ledger.record())
  emit({ event: "RunStarted", run, experiment, nodes: nodes.length })
  const exit = yield* Effect.exit(
    Effect.provideService(Effect.scoped(runAll(plan, ledger, options)), Emit, emit)
  )
  const durationMs = Math.round((yield* monotonicMs) - beganMs)
  const stopped = Exit.isSuccess(exit) ? exit.value.stopped : undefined
  const ok = Exit.isSuccess(exit) && stopped === undefined && ledger.failures.length === 0
  const last = ledger.record({ ok, atMs: startedMs + durationMs, ...(stopped === undefined ? {} : { stopped }) })
  const recorded = yield* Effect.result(store.putRun(last))
  if (Exit.isFailure(exit)) return yield* Effect.failCause(exit.cause)
  const { failures, rows, usd } = ledger
  const unrecorded = Result.isFailure(recorded) ? recorded.failure : undefined
  // what failed is told instead, and a run that found everything may read a cache that cannot be written
  const madeResults = ledger.nodes.fresh < ledger.nodes.total && failures.length === 0
  if (unrecorded !== undefined && madeResults) return yield* unrecorded
  const summary = { ok, nodes: ledger.nodes, rows, durationMs, usd }
  emit({ event: "RunFinished", ...summary, ...(stopped === undefined ? {} : { stopped }) })
  return { ...summary, stopped, knowns: exit.value.knowns, failures, unrecorded } satisfies Summary
})

/**
 * Runs the graph of these options. Fails before anything runs where it cannot or should not start; else yields a
 * summary, also of failures.
 */
export const run = Effect.fnUntraced(function*(options: RunOptions) {
  const beganMs = yield* monotonicMs
  const plan = yield* Plan.make({ ...options, countRows: false })
  yield* preflight(plan, options)
  return yield* Effect.scoped(runPlanned(plan, beganMs, options))
})
