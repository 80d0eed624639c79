/**
 * Runs rows: as many at once as a node may have in flight. Bodies that use no service, or only call some, run in a plain
 * loop; the others are forked, and nothing is kept of a row that has ended but its place in the log. Which rows this run
 * may do is `RowWork.ts`'s, what becomes of their results `RowResults.ts`'s, the table `RowEngine.ts`'s.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Memo } from "../../cache/Memo.ts"
import * as Attempts from "../Attempts.ts"
import { begin, bodyEffect, isGenerator } from "../bodyEffect.ts"
import { Control, Stopped } from "../Control.ts"
import { transientOf } from "../Transient.ts"
import * as Usage from "../Usage.ts"
import type { KeyedChunk, RowFunction } from "./RowFunction.ts"
import { RowResults } from "./RowResults.ts"
import { RowWork } from "./RowWork.ts"

/** Rows in flight at once; what a service can take at once is the service's to bound, or its slot's. */
const concurrency = 512

/** Rows whose results are on their way to the disk, at most. */
const unwrittenRows = 1 << 16

/** Rows handed over and not started, at which `ready` waits. */
const backlogRows = 1 << 14

/** The loop lets timers, signals and the disk have their turn this often. */
const turnMs = 8

export interface PumpOptions {
  readonly memo: Memo
  readonly control: Control
  /** What bodies may ask for. */
  readonly services: Context.Context<never>
  /** Rows run although they have a result; the new one stands instead. */
  readonly force: boolean
  /** Counts have changed; called once a commit. */
  readonly onProgress: () => void
  /** Nothing is left to do here but to wait for so many rows that another run is at; told once. */
  readonly onWaiting: (rows: number) => void
  readonly onFailed: (row: string, reason: string) => void
  readonly onRetry: (row: string, retried: Attempts.Retried) => void
  /** Rows whose results can be read now. */
  readonly onDone: (chunk: KeyedChunk, rows: ReadonlyArray<number>) => void
}

/** What a forked row runs in. Rows that end at once use the same one again and again. */
interface Lane {
  readonly fork: (body: Effect.Effect<unknown, unknown, any>) => Fiber.Fiber<unknown, unknown>
  usage: Usage.Usage
}

interface Waiter {
  readonly until: () => boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A body whose first attempt ended with this error. */
// eslint-disable-next-line require-yield
function* failing(error: unknown): Generator<never, never, never> {
  throw error
}

/** True for a row that was interrupted, or stopped before an attempt began: it is left for the next run. */
const notStarted = (cause: Cause.Cause<unknown>): boolean =>
  Cause.hasInterruptsOnly(cause) || Cause.squash(cause) instanceof Stopped

export class RowPump {
  readonly #function: RowFunction
  readonly #options: PumpOptions
  readonly #work: RowWork
  readonly #readers = new WeakMap<KeyedChunk, (row: number) => unknown>()
  readonly #lanes: Array<Lane> = []
  readonly #fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  #waiters: Array<Waiter> = []
  #active = 0
  #turn: NodeJS.Immediate | undefined
  #poll: NodeJS.Timeout | undefined
  #pumping = false
  #toldWaiting = false
  #broken: { readonly error: unknown } | undefined
  #aborted = false

  readonly results: RowResults
  retries = 0
  /** Rows that another run did meanwhile. */
  shared = 0

  constructor(rowFunction: RowFunction, options: PumpOptions) {
    const { control, force, memo, onDone, onFailed, onProgress } = options
    this.#function = rowFunction
    this.#options = options
    this.#work = new RowWork({
      memo,
      force,
      onShared: (chunk, rows) => {
        this.shared += rows.length
        onDone(chunk, rows)
        onProgress()
      }
    })
    this.results = new RowResults(rowFunction, {
      memo,
      force,
      onSpent: control.spend,
      onFailed,
      onDurable: (rows) => {
        for (const [chunk, done] of rows) onDone(chunk, done)
        onProgress()
        this.#pump()
      },
      onBroken: (error) => this.#break(error)
    })
  }

  /** Whether nothing new is started any more. */
  get halted(): boolean {
    const { maxFailures, stopped } = this.#options.control
    return this.#aborted || this.#broken !== undefined || this.results.failed >= maxFailures || stopped() !== undefined
  }

  /** Hands rows over; none of them may have been handed over before. */
  push(chunk: KeyedChunk, rows: ReadonlyArray<number>): void {
    if (rows.length === 0) return
    this.#work.push(chunk, rows)
    this.#pump()
  }

  /** Resolves when more rows may be handed over. Rejects with what the store fails with. */
  ready(): Promise<void> {
    return this.#wait(() => this.#work.backlog < backlogRows || this.halted)
  }

  /** Resolves when every row handed over has ended, or none of the rest will be started. Rejects as {@link ready}. */
  idle(): Promise<void> {
    return this.#wait(() =>
      this.#active === 0 && this.results.unwritten === 0 && (this.#work.backlog === 0 || this.halted)
    )
  }

  /** Stops the rows in flight and forgets the rest. */
  readonly abort: Effect.Effect<void> = Effect.suspend(() => {
    this.#aborted = true
    this.#clear()
    return Fiber.interruptAll(this.#fibers)
  })

  #wait(until: () => boolean): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken.error)
    if (until()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiters.push({ until, resolve, reject })
      this.#pump()
    })
  }

  #settle(): void {
    if (this.#waiters.length === 0) return
    const waiting = this.#waiters
    this.#waiters = []
    for (const waiter of waiting) {
      if (this.#broken !== undefined) waiter.reject(this.#broken.error)
      else if (waiter.until()) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }

  #clear(): void {
    clearTimeout(this.#poll)
    clearImmediate(this.#turn)
    this.#poll = this.#turn = undefined
  }

  /** The store cannot keep results: what is in flight would be lost, and what is not stays for the next run. */
  #break(error: unknown): void {
    this.#broken ??= { error }
    this.#clear()
    this.#settle()
  }

  #pump(): void {
    if (this.#pumping || this.#turn !== undefined) return
    this.#pumping = true
    try {
      this.#start()
    } catch (error) {
      this.#break(error)
    } finally {
      this.#pumping = false
    }
    this.#settle()
  }

  #start(): void {
    const turnEnds = performance.now() + turnMs
    const run = (chunk: KeyedChunk, row: number) => this.#run(chunk, row)
    for (let started = 0; this.#mayStart; started++) {
      if ((started & 31) === 31 && performance.now() > turnEnds) {
        this.#turn = setImmediate(() => {
          this.#turn = undefined
          this.#pump()
        })
        return
      }
      if (!this.#work.next(run)) break
    }
    this.#awaitOthers()
  }

  get #mayStart(): boolean {
    return this.#active < concurrency && this.results.unwritten < unwrittenRows && !this.halted
  }

  #awaitOthers(): void {
    if (this.#work.theirs === 0 || this.#poll !== undefined || this.halted) return
    if (this.#active === 0 && !this.#toldWaiting) {
      this.#toldWaiting = true
      this.#options.onWaiting(this.#work.theirs)
    }
    this.#poll = setTimeout(() => {
      this.#poll = undefined
      try {
        this.#work.lookAgain()
      } catch (error) {
        return this.#break(error)
      }
      this.#pump()
    }, this.#work.lookAgainMs)
  }

  #run(chunk: KeyedChunk, row: number): void {
    let result: unknown
    try {
      const made = this.#body(chunk, row)
      if (isGenerator(made)) {
        // a body that has to wait for its slot begins there
        if (this.#function.definition.slot !== undefined) return this.#fork(chunk, row, made)
        const begun = begin(made, this.#options.services)
        if (!begun.done) return this.#fork(chunk, row, begun.rest)
        result = begun.result
      } else result = made
    } catch (error) {
      if (transientOf(error) !== undefined) return this.#fork(chunk, row, failing(error))
      return this.results.fail(chunk, row, error, Usage.none)
    }
    this.results.succeed(chunk, row, result, Usage.none)
  }

  #body(chunk: KeyedChunk, row: number): unknown {
    const read = this.#readers.get(chunk) ?? this.#function.reader(chunk)
    this.#readers.set(chunk, read)
    return this.#function.run(read(row), chunk, row)
  }

  #lane(): Lane {
    const collect = (one: Usage.Usage) => void (lane.usage = Usage.add(lane.usage, one))
    // a row that waits for its slot, or its turn at a service, while too many fail is not begun
    const { control } = this.#options
    const stopped = () =>
      control.stopped() ??
        (this.halted ? { reason: "interrupted", text: `${this.results.failed} rows failed` } as const : undefined)
    // bodies may ask for what the engine has checked to be there: their types are erased by now
    const services = this.#options.services.pipe(
      Context.add(Usage.Collector, collect),
      Context.add(Control, { ...control, stopped })
    ) as Context.Context<any>
    const lane: Lane = { fork: Effect.runForkWith(services), usage: Usage.none }
    return lane
  }

  #fork(chunk: KeyedChunk, row: number, first: Generator<any, any, any>): void {
    const { definition } = this.#function
    const lane = this.#lanes.pop() ?? this.#lane()
    lane.usage = Usage.none
    let made: unknown = first
    // a generator runs once: a further attempt asks the body for another
    const attempt = Effect.suspend(() => {
      const body = made ?? this.#body(chunk, row)
      made = undefined
      return bodyEffect(body)
    })
    this.#active++
    const fiber = lane.fork(
      Attempts.attempts(definition, (retried) => {
        this.retries++
        this.#options.onRetry(this.#function.nameOf(chunk, row), retried)
      })(attempt)
    )
    const ended = (exit: Exit.Exit<unknown, unknown>) => {
      this.#active--
      this.#fibers.delete(fiber)
      const { usage } = lane
      this.#lanes.push(lane)
      if (Exit.isSuccess(exit)) this.results.succeed(chunk, row, exit.value, usage)
      else if (!notStarted(exit.cause)) this.results.fail(chunk, row, Cause.squash(exit.cause), usage)
      this.#pump()
    }
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return ended(exit)
    this.#fibers.add(fiber)
    fiber.addObserver(ended)
  }
}
