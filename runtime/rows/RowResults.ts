/**
 * What rows ended with: results and failed attempts on their way into the row log, and what they cost. A row counts once
 * it is durable; rows that share a commit share everything that is said about it.
 */
import { canonicalJson } from "../../cache/Digest.ts"
import type { Memo } from "../../cache/Memo.ts"
import { reasonOf } from "../reasonOf.ts"
import * as Usage from "../Usage.ts"
import type { KeyedChunk, RowFunction } from "./RowFunction.ts"

export interface FailedRows {
  readonly reason: string
  readonly rows: number
  /** The name of the first of them. */
  readonly first: string
}

export interface RowResultsOptions {
  readonly memo: Pick<Memo, "put" | "putFailure">
  /** New results stand instead of those that are there. */
  readonly force: boolean
  readonly onSpent: (usage: Usage.Usage) => void
  readonly onFailed: (row: string, reason: string) => void
  /** Results that are durable, by chunk; also called for a commit that holds failures only. */
  readonly onDurable: (rows: ReadonlyMap<KeyedChunk, ReadonlyArray<number>>) => void
  /** The store cannot keep results. */
  readonly onBroken: (error: unknown) => void
}

/** Rows that share a commit. */
interface Commit {
  /** Frames, those of failed attempts too. */
  frames: number
  results: number
  readonly rows: Map<KeyedChunk, Array<number>>
}

export class RowResults {
  readonly #function: RowFunction
  readonly #options: RowResultsOptions
  readonly #commits = new Map<Promise<void>, Commit>()
  readonly #reasons = new Map<string, { rows: number; first: string }>()

  /** Results that are durable. */
  done = 0
  failed = 0
  /** Frames on their way to the disk. */
  unwritten = 0
  usage: Usage.Usage = Usage.none

  constructor(rowFunction: RowFunction, options: RowResultsOptions) {
    this.#function = rowFunction
    this.#options = options
  }

  /** Reasons of failed rows, most common first. */
  get failures(): ReadonlyArray<FailedRows> {
    return [...this.#reasons].map(([reason, seen]) => ({ reason, ...seen })).sort((a, b) => b.rows - a.rows)
  }

  /** Keeps a result; one that does not fit its table is a failure. */
  succeed(chunk: KeyedChunk, row: number, result: unknown, usage: Usage.Usage): void {
    let payload: Uint8Array
    try {
      payload = this.#function.encode(result, usage)
    } catch (error) {
      return this.fail(chunk, row, error, usage)
    }
    this.#spend(usage)
    const { force, memo } = this.#options
    const commit = this.#commitOf(memo.put(chunk.keys, row, payload, { replace: force }))
    commit.results++
    const rows = commit.rows.get(chunk)
    if (rows === undefined) commit.rows.set(chunk, [row])
    else rows.push(row)
  }

  /** Keeps a failed attempt: a state that the next run tries again, never a result. */
  fail(chunk: KeyedChunk, row: number, error: unknown, usage: Usage.Usage): void {
    this.#spend(usage)
    this.failed++
    const reason = reasonOf(error)
    const name = this.#function.nameOf(chunk, row)
    const seen = this.#reasons.get(reason)
    if (seen === undefined) this.#reasons.set(reason, { rows: 1, first: name })
    else seen.rows++
    this.#options.onFailed(name, reason)
    this.#commitOf(this.#options.memo.putFailure(chunk.keys, row, Buffer.from(canonicalJson({ reason, usage }))))
  }

  #spend(usage: Usage.Usage): void {
    if (usage === Usage.none) return
    this.usage = Usage.add(this.usage, usage)
    this.#options.onSpent(usage)
  }

  #commitOf(written: Promise<void>): Commit {
    this.unwritten++
    const known = this.#commits.get(written)
    if (known !== undefined) {
      known.frames++
      return known
    }
    const commit: Commit = { frames: 1, results: 0, rows: new Map() }
    this.#commits.set(written, commit)
    const { onBroken, onDurable } = this.#options
    written.then(() => {
      this.#commits.delete(written)
      this.unwritten -= commit.frames
      this.done += commit.results
      onDurable(commit.rows)
    }, onBroken)
    return commit
  }
}
