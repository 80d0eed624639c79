/**
 * Runs rows: as many at once as the node may have in flight, each claimed first so that no other run on this cache does
 * it too, and counted once its result is durable. Bodies that use no service run in a plain loop; the others are forked,
 * and nothing is kept of a row that has ended but its place in the log. Which rows, and what becomes of the table, is
 * `RowEngine.ts`'s.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { canonicalJson } from "../../cache/Digest.ts"
import type { Memo } from "../../cache/Memo.ts"
import * as Attempts from "../Attempts.ts"
import { begin, bodyEffect, isGenerator } from "../bodyEffect.ts"
import { Control, Stopped } from "../Control.ts"
import type { RowCounts } from "../Event.ts"
import { transientOf } from "../Transient.ts"
import * as Usage from "../Usage.ts"
import type { KeyedChunk, RowFunction } from "./RowFunction.ts"

/** Rows in flight at once; what a service can take at once is the service's to bound, or its slot's. */
const concurrency = 512

/** Rows whose results are on their way to the disk, at most. */
const unwritten = 1 << 16

/** Rows handed over and not started, at which `ready` waits. */
const backlogRows = 1 << 14

/** The loop lets timers, signals and the disk have their turn this often. */
const turnMs = 8

/** Claims are taken for so many rows at once, more as long as a claim's rows are done within `claimMs`. */
const claimRows = { least: 64, most: 8192 }
const claimMs = 200

/** How often rows that another run is at are looked at again. */
const pollMs = { least: 20, most: 500 }

export interface PumpOptions {
  readonly label: string
  readonly memo: Memo
  readonly control: Control
  /** What bodies may ask for. */
  readonly services: Context.Context<never>
  /** Rows run although they have a result; the new one stands instead. */
  readonly force: boolean
  /** Counts have changed; called once a commit group. */
  readonly onProgress: () => void
  readonly onFailed: (row: string, reason: string) => void
  readonly onRetry: (row: string, retried: Attempts.Retried) => void
  /** Rows whose results can be read now. */
  readonly onDone: (chunk: KeyedChunk, rows: ReadonlyArray<number>) => void
}

export interface FailedRows {
  readonly reason: string
  readonly rows: number
  readonly first: string
}

interface Work {
  readonly chunk: KeyedChunk
  readonly rows: ReadonlyArray<number>
  next: number
}

/** What a forked row runs in. Rows that end at once use the same one again and again. */
interface Lane {
  readonly fork: (body: Effect.Effect<unknown, unknown, any>) => Fiber.Fiber<unknown, unknown>
  usage: Usage.Usage
}

/** Rows that share a commit group. */
interface Group {
  /** Frames, those of failed attempts too. */
  size: number
  /** Results. */
  rows: number
  readonly finished: Map<KeyedChunk, Array<number>>
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
  /** Handed over, not claimed yet. */
  readonly #queue: Array<Work> = []
  /** Claimed by this run, not started yet. */
  readonly #claimed: Array<Work> = []
  /** Claimed by other runs. */
  #theirs: Array<Work> = []
  readonly #readers = new WeakMap<KeyedChunk, (row: number) => unknown>()
  readonly #lanes: Array<Lane> = []
  readonly #fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  readonly #groups = new Map<Promise<void>, Group>()
  #waiters: Array<Waiter> = []
  #active = 0
  #unwritten = 0
  #backlog = 0
  #claim = claimRows.least
  #claimedAt = 0
  #turn: NodeJS.Immediate | undefined
  #poll: NodeJS.Timeout | undefined
  #pollMs = pollMs.least
  #pumping = false
  #broken: { readonly error: unknown } | undefined
  #aborted = false

  /** Rows run and durable. */
  done = 0
  failed = 0
  retries = 0
  /** Rows that another run did meanwhile. */
  shared = 0
  usage: Usage.Usage = Usage.none
  readonly #reasons = new Map<string, { rows: number; first: string }>()

  constructor(rowFunction: RowFunction, options: PumpOptions) {
    this.#function = rowFunction
    this.#options = options
  }

  /** Reasons of failed rows, most common first. */
  get failures(): ReadonlyArray<FailedRows> {
    return [...this.#reasons].map(([reason, seen]) => ({ reason, ...seen })).sort((a, b) => b.rows - a.rows)
  }

  get counts(): Pick<RowCounts, "ran" | "failed"> {
    return { ran: this.done, failed: this.failed }
  }

  /** Whether nothing new is started any more. */
  get halted(): boolean {
    return this.#aborted || this.#broken !== undefined || this.failed >= this.#options.control.maxFailures ||
      this.#options.control.stopped() !== undefined
  }

  /** Hands rows over; none of them may have been handed over before. */
  push(chunk: KeyedChunk, rows: ReadonlyArray<number>): void {
    if (rows.length === 0) return
    this.#queue.push({ chunk, rows, next: 0 })
    this.#backlog += rows.length
    this.#pump()
  }

  /** Resolves when more rows may be handed over. Rejects with what the store fails with. */
  ready(): Promise<void> {
    return this.#wait(() => this.#backlog < backlogRows || this.halted)
  }

  /** Resolves when every row handed over has ended, or none of the rest will be started. Rejects as {@link ready}. */
  idle(): Promise<void> {
    return this.#wait(() => this.#active === 0 && this.#unwritten === 0 && (this.#backlog === 0 || this.halted))
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
    for (let started = 0; !this.halted && this.#active < concurrency && this.#unwritten < unwritten; started++) {
      if ((started & 31) === 31 && performance.now() > turnEnds) {
        this.#turn = setImmediate(() => {
          this.#turn = undefined
          this.#pump()
        })
        return
      }
      const work = this.#claimed[0] ?? this.#claimNext()
      if (work === undefined) break
      const row = work.rows[work.next++]!
      if (work.next === work.rows.length) this.#claimed.shift()
      this.#backlog--
      this.#run(work.chunk, row)
    }
    if (this.#theirs.length > 0 && this.#poll === undefined && !this.halted) {
      this.#poll = setTimeout(() => this.#lookAgain(), this.#pollMs)
    }
  }

  /** Claims the next rows of the queue; undefined when there is none that this run may do now. */
  #claimNext(): Work | undefined {
    while (this.#queue.length > 0) {
      const work = this.#queue[0]!
      const now = performance.now()
      const fast = now - this.#claimedAt < claimMs
      this.#claim = fast
        ? Math.min(this.#claim * 2, claimRows.most)
        : Math.max(this.#claim >> 1, claimRows.least)
      this.#claimedAt = now
      const rows = work.rows.slice(work.next, work.next + this.#claim)
      work.next += rows.length
      if (work.next === work.rows.length) this.#queue.shift()
      const mine = this.#sort(work.chunk, rows)
      if (mine !== undefined) return mine
    }
    return undefined
  }

  /** Claims rows: those of this run are to be started, others wait or have a result by now. */
  #sort(chunk: KeyedChunk, rows: ReadonlyArray<number>): Work | undefined {
    const { force, memo } = this.#options
    const { mine, theirs } = force ? { mine: rows, theirs: [] } : memo.claim(chunk.keys, rows)
    if (theirs.length > 0) this.#theirs.push({ chunk, rows: theirs, next: 0 })
    if (mine.length + theirs.length < rows.length) {
      const left = new Set([...mine, ...theirs])
      const done = rows.filter((row) => !left.has(row))
      this.shared += done.length
      this.#backlog -= done.length
      this.#options.onDone(chunk, done)
      this.#options.onProgress()
    }
    if (mine.length === 0) return undefined
    const work = { chunk, rows: mine, next: 0 }
    this.#claimed.push(work)
    return work
  }

  /** Rows of other runs: done by now, free because their run ended, or still theirs. */
  #lookAgain(): void {
    this.#poll = undefined
    const before = this.#theirs.reduce((sum, work) => sum + work.rows.length, 0)
    const waiting = this.#theirs
    this.#theirs = []
    try {
      for (const { chunk, rows } of waiting) this.#sort(chunk, rows)
    } catch (error) {
      return this.#break(error)
    }
    const after = this.#theirs.reduce((sum, work) => sum + work.rows.length, 0)
    this.#pollMs = after < before ? pollMs.least : Math.min(this.#pollMs * 2, pollMs.most)
    this.#pump()
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
      return this.#fail(chunk, row, error, Usage.none)
    }
    this.#succeed(chunk, row, result, Usage.none)
  }

  #body(chunk: KeyedChunk, row: number): unknown {
    const read = this.#readers.get(chunk) ?? this.#function.reader(chunk)
    this.#readers.set(chunk, read)
    return this.#function.run(read(row), chunk.keys, row)
  }

  #lane(): Lane {
    const collect = (one: Usage.Usage) => void (lane.usage = Usage.add(lane.usage, one))
    // a row that waits for its slot, or its turn at a service, while too many fail is not begun
    const { control } = this.#options
    const stopped = () =>
      control.stopped() ??
        (this.halted ? { reason: "interrupted", text: `${this.failed} rows failed` } as const : undefined)
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
      if (Exit.isSuccess(exit)) this.#succeed(chunk, row, exit.value, usage)
      else if (!notStarted(exit.cause)) this.#fail(chunk, row, Cause.squash(exit.cause), usage)
      this.#pump()
    }
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return ended(exit)
    this.#fibers.add(fiber)
    fiber.addObserver(ended)
  }

  #succeed(chunk: KeyedChunk, row: number, result: unknown, usage: Usage.Usage): void {
    let payload: Uint8Array
    try {
      payload = this.#function.encode(result, usage)
    } catch (error) {
      return this.#fail(chunk, row, error, usage)
    }
    this.#spend(usage)
    const written = this.#options.memo.put(chunk.keys, row, payload, { replace: this.#options.force })
    const group = this.#groupOf(written)
    group.rows++
    const finished = group.finished.get(chunk)
    if (finished === undefined) group.finished.set(chunk, [row])
    else finished.push(row)
  }

  #fail(chunk: KeyedChunk, row: number, error: unknown, usage: Usage.Usage): void {
    this.#spend(usage)
    this.failed++
    const reason = error instanceof Error ? error.message : String(error)
    const name = this.#function.nameOf(chunk, row)
    const seen = this.#reasons.get(reason)
    if (seen === undefined) this.#reasons.set(reason, { rows: 1, first: name })
    else seen.rows++
    this.#options.onFailed(name, reason)
    const written = this.#options.memo.putFailure(chunk.keys, row, Buffer.from(canonicalJson({ reason, usage })))
    this.#groupOf(written)
  }

  #spend(usage: Usage.Usage): void {
    if (usage === Usage.none) return
    this.usage = Usage.add(this.usage, usage)
    this.#options.control.spend(usage)
  }

  #groupOf(written: Promise<void>): Group {
    this.#unwritten++
    const known = this.#groups.get(written)
    if (known !== undefined) {
      known.size++
      return known
    }
    const group: Group = { rows: 0, size: 1, finished: new Map() }
    this.#groups.set(written, group)
    written.then(() => {
      this.#groups.delete(written)
      this.#unwritten -= group.size
      this.done += group.rows
      for (const [chunk, rows] of group.finished) this.#options.onDone(chunk, rows)
      this.#options.onProgress()
      this.#pump()
    }, (error) => this.#break(error))
    return group
  }
}
