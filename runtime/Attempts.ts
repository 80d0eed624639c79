/**
 * The one place where work is tried again. An attempt that fails with an error that may pass (`Transient.ts`) is made
 * again after a wait that doubles, with jitter; an attempt may have a time limit, and counts against its node's slot
 * only while it runs. A retry is made at the smallest work that can be repeated: the row in row nodes, the single call of
 * a service inside other bodies, so that one refused call of a long training does not begin it anew.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { Control, Stopped } from "./Control.ts"
import type { Inert, Retry } from "./Definition.ts"
import { monotonicMs, monotonicMsOf } from "./monotonicMs.ts"
import { type Transient, type TransientClass, transientOf } from "./Transient.ts"

/** How often and after what waits a class of errors is tried again. */
export interface Backoff {
  /** Attempts that may fail with errors of this class, the first included. */
  readonly tries: number
  /** The first wait; each further one of the class is twice as long. **Unit**: milliseconds. */
  readonly firstMs: number
  /** The longest wait; a server that asks for a longer one is given up on. **Unit**: milliseconds. */
  readonly longestMs: number
}

export type BackoffTable = { readonly [Class in TransientClass]: Backoff }

/** What a node says nothing about: limits pass with patience, a time-out has cost its whole time already. */
const usual: BackoffTable = {
  "rate-limit": { tries: 8, firstMs: 2000, longestMs: 60_000 },
  server: { tries: 6, firstMs: 1000, longestMs: 60_000 },
  network: { tries: 6, firstMs: 1000, longestMs: 60_000 },
  timeout: { tries: 3, firstMs: 1000, longestMs: 60_000 }
}

/** The table that holds where a node does not say otherwise. */
export const Backoffs = Context.Reference<BackoffTable>("sinternal/runtime/Attempts/Backoffs", {
  defaultValue: () => usual
})

/** What a definition says of its attempts. */
export type Policy = Pick<Inert, "retry" | "slot" | "timeoutSeconds"> & { readonly kind: string }

/** An attempt that failed and will be made again: the fields of the event `RowRetried` beside label and row. */
export interface Retried {
  /** From 1. */
  readonly attempt: number
  readonly class: TransientClass
  readonly delayMs: number
  readonly reason: string
}

/** An attempt took too long. */
export class TimedOut extends Schema.TaggedError<TimedOut>()("TimedOut", { seconds: Schema.Number }) {
  readonly transient: Transient = { class: "timeout" }
  override get message() {
    return `no result within ${this.seconds} s (the node's timeoutSeconds)`
  }
}

/** Tried until there was no more patience. It is not tried again by what encloses it. */
export class GivenUp extends Schema.TaggedError<GivenUp>()("GivenUp", {
  /** What the last attempt failed with. */
  last: Schema.Defect(),
  attempts: Schema.Int,
  /** The wait a server asked for, where that was too long. */
  asksMs: Schema.optionalKey(Schema.Number)
}) {
  /** In brackets behind the last reason. */
  get addition() {
    const tried = this.attempts === 1 ? [] : [`${this.attempts} attempts`]
    const asks = this.asksMs === undefined ? [] : [`it asks to wait ${Math.ceil(this.asksMs / 1000)} seconds`]
    return [...tried, ...asks].join(", ")
  }
  override get message() {
    return `${wordsOf(this.last)} (${this.addition})`
  }
}

const wordsOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** The body around a call: who makes its attempts again, and what it has waited for. */
interface Enclosing {
  /** Repeats the whole body: calls in it are not repeated on their own. */
  readonly repeats: boolean
  readonly retry: Retry | undefined
  readonly onRetry: (retried: Retried) => void
  /** A call of this attempt has had its turn: it is under way, and a stop lets it end. */
  begun: boolean
  /** Calls that wait for their turn, since when, and for how long others did: no part of an attempt's time. */
  waiting: number
  waitingSinceMs: number
  waitedMs: number
}

const enclosing = (repeats: boolean, retry: Retry | undefined, onRetry: Enclosing["onRetry"]): Enclosing => ({
  repeats,
  retry,
  onRetry,
  begun: false,
  waiting: 0,
  waitingSinceMs: 0,
  waitedMs: 0
})

const Enclosing = Context.Reference<Enclosing>("sinternal/runtime/Attempts/Enclosing", {
  defaultValue: () => enclosing(false, undefined, () => undefined)
})

const backoffOf = (table: BackoffTable, name: TransientClass, retry: Retry = {}): Backoff => {
  const { firstMs, longestMs, tries } = table[name]
  return {
    tries: retry.tries ?? tries,
    firstMs: retry.firstSeconds === undefined ? firstMs : retry.firstSeconds * 1000,
    longestMs: retry.longestSeconds === undefined ? longestMs : retry.longestSeconds * 1000
  }
}

/** Waits out the back-off, unless the run stops: then there is no next attempt. */
const pauseOrStop = (delayMs: number): Effect.Effect<void> =>
  Effect.flatMap(Control, ({ whenStopped }) =>
    Effect.raceFirst(
      Effect.sleep(delayMs),
      Effect.flatMap(whenStopped, ({ text }) => Effect.die(new Stopped({ text })))
    ))

interface Repeating {
  readonly retry: Retry | undefined
  readonly onRetry: (retried: Retried) => void
  readonly pause: (delayMs: number) => Effect.Effect<void>
}

/** Makes attempts until one succeeds, fails for good, or patience is at its end. */
const repeated = <A, E, R>(once: Effect.Effect<A, E, R>, { onRetry, pause, retry }: Repeating) => {
  /** Waits until the next attempt. `failed` holds the classes of earlier failures; yields that of this one. */
  const afterFailure = Effect.fnUntraced(function*(
    cause: Cause.Cause<E>,
    attempt: number,
    failed: ReadonlyArray<TransientClass>
  ) {
    const error = Cause.hasInterrupts(cause) ? undefined : Cause.squash(cause)
    const transient = transientOf(error)
    if (transient === undefined) return yield* Effect.failCause(cause)
    const { afterMs = 0, class: name } = transient
    const times = 1 + failed.filter((each) => each === name).length
    const { firstMs, longestMs, tries } = backoffOf(yield* Backoffs, name, retry)
    const asks = afterMs > longestMs
    if (tries === 1) return yield* Effect.failCause(cause)
    if (asks || times >= tries) {
      return yield* new GivenUp({ last: error, attempts: attempt, ...(asks ? { asksMs: afterMs } : {}) })
    }
    // a wait that was asked for is spread out too: everybody was asked the same
    const longest = Math.min(longestMs, firstMs * 2 ** (times - 1))
    const delayMs = Math.round(afterMs + longest * (0.5 + 0.5 * (yield* Random.next)))
    onRetry({ attempt, class: name, delayMs, reason: wordsOf(error) })
    yield* pause(delayMs)
    return name
  })
  const from = (attempt: number, failed: ReadonlyArray<TransientClass>): Effect.Effect<A, E | GivenUp, R> =>
    Effect.catchCause(
      once,
      (cause) => Effect.flatMap(afterFailure(cause, attempt, failed), (name) => from(attempt + 1, [...failed, name]))
    )
  return from(1, [])
}

/** Limits the time of an attempt, without what its calls wait for their turn. */
const limited = <A, E, R>(seconds: number, around: Enclosing, body: Effect.Effect<A, E, R>) => {
  const over = Effect.gen(function*() {
    const startMs = yield* monotonicMs
    let leftMs = seconds * 1000
    while (leftMs > 0) {
      yield* Effect.sleep(leftMs)
      const nowMs = yield* monotonicMs
      const waitedMs = around.waitedMs + (around.waiting > 0 ? nowMs - around.waitingSinceMs : 0)
      leftMs = seconds * 1000 - (nowMs - startMs - waitedMs)
    }
    return yield* new TimedOut({ seconds })
  })
  return Effect.raceFirst(body, over)
}

/** One attempt: in its slot, begun only while the run is not stopped, within its time. */
const attemptOf = <A, E, R>(policy: Policy, onRetry: (retried: Retried) => void, body: Effect.Effect<A, E, R>) => {
  const { kind, retry, slot, timeoutSeconds } = policy
  const begun = Effect.suspend((): Effect.Effect<A, E | TimedOut, R> => {
    const around = enclosing(kind === "rows", retry, onRetry)
    const within = Effect.provideService(body, Enclosing, around)
    return timeoutSeconds === undefined ? within : limited(timeoutSeconds, around, within)
  })
  if (slot === undefined) return begun
  return Effect.flatMap(Control, (control) =>
    control.withSlot(
      slot,
      Effect.suspend(() => {
        const stop = control.stopped() // it may have waited long for its place
        return stop === undefined ? begun : Effect.die(new Stopped({ text: stop.text }))
      })
    ))
}

/**
 * For the engine: runs a body (of a row, or of a whole node) as its definition says. `onRetry` is told of every attempt
 * that will be made again, also of single calls inside a body that is not repeated itself.
 *
 * **Fails**: `GivenUp` after retries, which holds the last error; `TimedOut`; what the body fails with. It **dies** with
 * `Stopped` where the run was stopped before an attempt began: that is no failure of the row.
 */
export const attempts =
  (policy: Policy, onRetry: (retried: Retried) => void) =>
  <A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E | TimedOut | GivenUp, R> =>
    repeated(attemptOf(policy, onRetry, body), { retry: policy.retry, onRetry, pause: pauseOrStop })

/**
 * For services: one call, made again on its own where the body around it is not repeated as a whole.
 *
 * **Fails**: `GivenUp` after retries.
 */
export const ofCall = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E | GivenUp, R> =>
  Effect.flatMap(
    Enclosing,
    ({ onRetry, repeats, retry }): Effect.Effect<A, E | GivenUp, R> =>
      repeats ? call : repeated(call, { retry, onRetry, pause: Effect.sleep })
  )

/**
 * For services that bound how many calls are in flight: the call, once a permit is free. The time until then is no part
 * of an attempt's time, and a row of a stopped run whose first call has not had its turn ends there with `Stopped`.
 */
export const inTurn = <A, E, R>(permits: Semaphore.Semaphore, call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    const around = yield* Enclosing
    const control = yield* Control
    const clock = yield* Clock.Clock
    if (around.waiting++ === 0) around.waitingSinceMs = monotonicMsOf(clock)
    const leave = () => {
      if (--around.waiting === 0) around.waitedMs += monotonicMsOf(clock) - around.waitingSinceMs
    }
    let waiting = true
    const turn = Effect.suspend(() => {
      waiting = false
      leave()
      const stop = around.repeats && !around.begun ? control.stopped() : undefined
      if (stop !== undefined) return Effect.die(new Stopped({ text: stop.text }))
      around.begun = true
      return call
    })
    return yield* Effect.ensuring(Semaphore.withPermit(permits)(turn), Effect.sync(() => waiting && leave()))
  })
