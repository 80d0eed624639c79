/**
 * The rows a node has to do, and which of them this run may do now: each is claimed first, so that of the runs that share
 * a cache one does it. Rows that another run is at come back when it is done, has failed, or is gone. Running them is
 * `RowPump.ts`'s.
 */
import type { Memo } from "../../cache/Memo.ts"
import type { KeyedChunk } from "./RowFunction.ts"

/** Claims are taken for so many rows at once, more as long as a claim's rows are done within `claimMs`. */
const claimRows = { least: 64, most: 8192 }
const claimMs = 200

/** How often rows that another run is at are looked at again. */
const pollMs = { least: 20, most: 500 }

export interface RowWorkOptions {
  readonly memo: Pick<Memo, "claim">
  /** Nobody else's rows matter: every row runs here. */
  readonly force: boolean
  /** Another run has done these. */
  readonly onShared: (chunk: KeyedChunk, rows: ReadonlyArray<number>) => void
}

interface Batch {
  readonly chunk: KeyedChunk
  readonly rows: ReadonlyArray<number>
  next: number
}

export class RowWork {
  readonly #options: RowWorkOptions
  /** Handed over, not claimed yet. */
  readonly #queue: Array<Batch> = []
  /** Claimed by this run, not started yet. */
  readonly #claimed: Array<Batch> = []
  /** Claimed by other runs. */
  #theirs: Array<Batch> = []
  #claim = claimRows.least
  #claimedAtMs = 0
  #pollMs = pollMs.least

  /** Rows handed over that nobody is known to have begun or done here. */
  backlog = 0

  constructor(options: RowWorkOptions) {
    this.#options = options
  }

  /** Rows that another run is at. */
  get theirs(): number {
    return this.#theirs.reduce((sum, batch) => sum + batch.rows.length, 0)
  }

  /** When to look at the rows of others again. Unit: milliseconds from now. */
  get lookAgainMs(): number {
    return this.#pollMs
  }

  push(chunk: KeyedChunk, rows: ReadonlyArray<number>): void {
    this.#queue.push({ chunk, rows, next: 0 })
    this.backlog += rows.length
  }

  /** Hands the next row to `start`; false when there is none that this run may do now. **Throws** what the file system says. */
  next(start: (chunk: KeyedChunk, row: number) => void): boolean {
    while (this.#claimed.length === 0 && this.#queue.length > 0) this.#claimSome()
    const batch = this.#claimed[0]
    if (batch === undefined) return false
    const row = batch.rows[batch.next++]!
    if (batch.next === batch.rows.length) this.#claimed.shift()
    this.backlog--
    start(batch.chunk, row)
    return true
  }

  /** Sorts the rows of others anew: done by now, free because their run ended, or still theirs. **Throws** as {@link next}. */
  lookAgain(): void {
    const before = this.theirs
    const waiting = this.#theirs
    this.#theirs = []
    for (const { chunk, rows } of waiting) this.#sort(chunk, rows)
    this.#pollMs = this.theirs < before ? pollMs.least : Math.min(this.#pollMs * 2, pollMs.most)
  }

  #claimSome(): void {
    const batch = this.#queue[0]!
    const nowMs = performance.now()
    const fast = nowMs - this.#claimedAtMs < claimMs
    this.#claim = fast ? Math.min(this.#claim * 2, claimRows.most) : Math.max(this.#claim >> 1, claimRows.least)
    this.#claimedAtMs = nowMs
    const rows = batch.rows.slice(batch.next, batch.next + this.#claim)
    batch.next += rows.length
    if (batch.next === batch.rows.length) this.#queue.shift()
    this.#sort(batch.chunk, rows)
  }

  #sort(chunk: KeyedChunk, rows: ReadonlyArray<number>): void {
    const { force, memo, onShared } = this.#options
    const { mine, theirs } = force ? { mine: rows, theirs: [] } : memo.claim(chunk.keys, rows)
    if (mine.length > 0) this.#claimed.push({ chunk, rows: mine, next: 0 })
    if (theirs.length > 0) this.#theirs.push({ chunk, rows: theirs, next: 0 })
    if (mine.length + theirs.length === rows.length) return
    const left = new Set([...mine, ...theirs])
    const done = rows.filter((row) => !left.has(row))
    this.backlog -= done.length
    onShared(chunk, done)
  }
}
