/**
 * The durable row log of one row function: results and failed attempts by row key, and which rows somebody is working
 * on. What a key and a payload mean is decided above; how logs lie on disk is the business of `log/`.
 *
 * Keys are 32-byte slices of one array: `(keys, row)` means `keys[32·row, 32·row+32)`.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as path from "node:path"
import type { Digest } from "./Digest.ts"
import { rescueMissing } from "./care/Trash.ts"
import { ClaimBook } from "./log/ClaimBook.ts"
import { headerBytes, keyBytes, Kind } from "./log/Frame.ts"
import { type FrameRun, KeyIndex } from "./log/KeyIndex.ts"
import { withLock } from "./log/lock.ts"
import type { MemoryBudget } from "./log/LogBytes.ts"
import { LogFolder } from "./log/LogFolder.ts"
import type { Damage } from "./log/scan.ts"
import * as publish from "./publish.ts"
import { attempt, attemptAsync, type StoreFailed } from "./StoreFailed.ts"

export type { Damage }

/** Failed attempts at one row; `last` is the payload of the latest. */
export interface Failures {
  readonly attempts: number
  readonly last: Uint8Array
}

/** Rows of a batch: `mine` are this memo's to work on now, `theirs` are worked on by another that lives. */
export interface Claimed {
  readonly mine: ReadonlyArray<number>
  readonly theirs: ReadonlyArray<number>
}

export interface Memo {
  /** Rows with a result. */
  readonly size: number
  /** The entry of a row's result, -1 when there is none. Entries stay valid while the memo is open. */
  readonly find: (keys: Uint8Array, row: number) => number
  /**
   * An entry's payload: a view until the next call into the memo. `undefined` when its bytes are not what was written:
   * the row counts as one without a result from then on.
   */
  readonly payload: (entry: number) => Uint8Array | undefined
  /** {@link payload} without making a view: where it starts in {@link located}, or -1 for none. */
  readonly locate: (entry: number) => number
  /** What {@link locate} found: good until the next call into the memo. */
  readonly located: Uint8Array
  /**
   * Says that the payloads of `entries[from, to)` will be asked for next, where an entry may be -1: it is quicker then.
   * Returns nothing of interest.
   */
  readonly lookAhead: (entries: Int32Array, from: number, to: number) => unknown
  /**
   * Keeps a result, readable at once; the payload is copied. The first result of a key stays, unless `replace` says that
   * this one stands instead. The promise is shared by all who wait for the same commit; it rejects with the file
   * system's error, and then the result is gone.
   */
  readonly put: (
    keys: Uint8Array,
    row: number,
    payload: Uint8Array,
    options?: { readonly replace?: boolean }
  ) => Promise<void>
  /** Keeps a failed attempt, as {@link put}; others may try the row again once it is durable. */
  readonly putFailure: (keys: Uint8Array, row: number, payload: Uint8Array) => Promise<void>
  /** Rows that failed and have no result. */
  readonly failures: ReadonlyMap<Digest, Failures>
  /**
   * Divides rows among the memos open on this folder: what is in neither list has a result now. A claim ends with a
   * result, a failure, {@link release}, or its holder.
   */
  readonly claim: (keys: Uint8Array, rows: ReadonlyArray<number>) => Claimed
  /** Gives claimed rows up. */
  readonly release: (keys: Uint8Array, rows: ReadonlyArray<number>) => void
  /** Picks up what others wrote since. */
  readonly refresh: () => Effect.Effect<void, StoreFailed>
  /** Completes once everything that was put is durable. */
  readonly flush: () => Effect.Effect<void, StoreFailed>
  /** Parts of logs that do not have the bytes that were written, as far as they were looked at. */
  readonly damaged: ReadonlyArray<Damage>
  /** A copy of the payload of a row's result. Failed attempts are not results. */
  readonly get: (rowKey: Digest) => Uint8Array | undefined
  readonly has: (rowKey: Digest) => boolean
  /** {@link put}, completing once the result is durable. */
  readonly append: (
    rowKey: Digest,
    payload: Uint8Array,
    options?: { readonly replace?: boolean }
  ) => Effect.Effect<void, StoreFailed>
  /** {@link putFailure}, completing once the failed attempt is durable. */
  readonly appendFailure: (rowKey: Digest, payload: Uint8Array) => Effect.Effect<void, StoreFailed>
}

/** Where a memo lies, and with whom it shares memory. */
export interface MemoPlace {
  readonly root: string
  readonly folder: string
  readonly quarantine: string
  readonly tmp: string
  readonly budget: MemoryBudget
}

/** The latest failed attempt at a row. */
interface Failed {
  readonly attempts: number
  readonly log: number
  readonly offset: number
  readonly size: number
}

/** Rows whose claims end when a group of failures is durable. */
interface Ending {
  readonly group: Promise<void>
  readonly keys: Array<Uint8Array>
}

class OpenMemo implements Memo {
  readonly #place: MemoPlace
  readonly #logs: LogFolder
  readonly #book: ClaimBook
  readonly #index = new KeyIndex()
  /** By entry. */
  readonly #failed = new Map<number, Failed>()
  #failures: ReadonlyMap<Digest, Failures> | undefined
  /** Entries whose bytes turned out damaged: what is put there next stands instead of them, for all readers. */
  readonly #mending = new Set<number>()
  #ending: Ending | undefined
  readonly #probe = Buffer.alloc(keyBytes)

  constructor(place: MemoPlace) {
    this.#place = place
    const { budget, folder, quarantine, tmp } = place
    this.#logs = new LogFolder({ folder, quarantine, tmp, budget, groupMs: 0 }, {
      frame: (kind, keys, key, log, offset, size) => this.#take(kind, keys, key, log, offset, size),
      damaged: () => undefined, // the row has no result, and the log says that it is damaged
      expect: (frames) => this.#index.reserve(this.#index.placed + frames),
      results: (run) => this.#takeAll(run),
      lost: (log, offset) => this.#lose(log, offset)
    })
    this.#book = new ClaimBook(folder, this.#logs.self.holder, this.#logs.watch)
  }

  get size(): number {
    return this.#index.placed
  }

  get damaged(): ReadonlyArray<Damage> {
    return this.#logs.damaged
  }

  get failures(): ReadonlyMap<Digest, Failures> {
    this.#failures ??= new Map(Array.from(this.#failed, ([entry, { attempts, log, offset, size }]) => {
      const key = entry * keyBytes
      const last = this.#logs.payload(log, offset, size, this.#index.keys, key)?.slice() ?? new Uint8Array(0)
      return [Buffer.from(this.#index.keys.subarray(key, key + keyBytes)).toString("hex"), { attempts, last }]
    }))
    return this.#failures
  }

  readonly find = (keys: Uint8Array, row: number): number => this.#index.find(keys, row * keyBytes)

  readonly payload = (entry: number): Uint8Array | undefined => {
    const at = this.locate(entry)
    return at < 0 ? undefined : this.located.subarray(at, at + this.#index.size(entry) - headerBytes)
  }

  get located(): Uint8Array {
    return this.#logs.located
  }

  readonly locate = (entry: number): number => {
    const index = this.#index
    if (!index.isPlaced(entry)) return -1
    const { keys } = index
    const at = this.#logs.locate(index.log(entry), index.offset(entry), index.size(entry), keys, entry * keyBytes)
    if (at < 0) {
      index.forget(entry)
      this.#mending.add(entry)
    }
    return at
  }

  readonly lookAhead = (entries: Int32Array, from: number, to: number): unknown => {
    const index = this.#index
    let seen = index.touch(entries, from, to)
    for (let k = from; k < to; k++) {
      const entry = entries[k]!
      if (entry >= 0 && index.isPlaced(entry)) {
        seen ^= this.#logs.peek(index.log(entry), index.offset(entry), index.size(entry))
      }
    }
    return seen // what nobody gets would not be read
  }

  readonly put = (
    keys: Uint8Array,
    row: number,
    payload: Uint8Array,
    options?: { readonly replace?: boolean }
  ): Promise<void> => {
    const key = row * keyBytes
    const entry = this.#index.add(keys, key)
    const replace = options?.replace === true
    if (!this.#index.isPlaced(entry) || replace) {
      const kind = replace || this.#mending.delete(entry) ? Kind.replacement : Kind.result
      const offset = this.#logs.append(kind, keys, key, payload)
      this.#stand(entry, kind, this.#logs.ownLog, offset, headerBytes + payload.length)
    }
    return this.#logs.committed
  }

  readonly putFailure = (keys: Uint8Array, row: number, payload: Uint8Array): Promise<void> => {
    const key = row * keyBytes
    const offset = this.#logs.append(Kind.failure, keys, key, payload)
    this.#take(Kind.failure, keys, key, this.#logs.ownLog, offset, headerBytes + payload.length)
    const group = this.#logs.committed
    this.#endClaim(keys.slice(key, key + keyBytes), group)
    return group
  }

  readonly claim = (keys: Uint8Array, rows: ReadonlyArray<number>): Claimed => {
    try {
      publish.makeFolder(this.#place.folder)
      return withLock(this.#place.folder, this.#logs.self, this.#logs.watch, () => {
        // Books first: the results of a holder that is seen gone are all in its log.
        this.#book.refresh()
        this.#logs.refresh()
        const divided = this.#divide(keys, rows)
        this.#book.claim(keys, divided.mine)
        return divided
      })
    } catch (error) {
      // Claims spare double work, they do not guard results: where none can be written, everything is done here.
      if (typeof (error as NodeJS.ErrnoException).code !== "string") throw error
      return { mine: rows.filter((row) => this.find(keys, row) < 0), theirs: [] }
    }
  }

  readonly release = (keys: Uint8Array, rows: ReadonlyArray<number>): void => {
    try {
      this.#book.giveUp(keys, rows)
    } catch (error) {
      // The rows stay claimed until this memo closes.
      if (typeof (error as NodeJS.ErrnoException).code !== "string") throw error
    }
  }

  readonly refresh = (): Effect.Effect<void, StoreFailed> =>
    attempt("read the row log", this.#place.root, () => this.#logs.refresh())

  readonly flush = (): Effect.Effect<void, StoreFailed> =>
    attemptAsync("write a row", this.#place.root, () => this.#logs.flush())

  readonly get = (rowKey: Digest): Uint8Array | undefined => {
    const entry = this.find(this.#key(rowKey), 0)
    return entry < 0 ? undefined : this.payload(entry)?.slice()
  }

  readonly has = (rowKey: Digest): boolean => this.find(this.#key(rowKey), 0) >= 0

  readonly append = (
    rowKey: Digest,
    payload: Uint8Array,
    options?: { readonly replace?: boolean }
  ): Effect.Effect<void, StoreFailed> =>
    attemptAsync("write a row", this.#place.root, () => this.put(this.#key(rowKey), 0, payload, options))

  readonly appendFailure = (rowKey: Digest, payload: Uint8Array): Effect.Effect<void, StoreFailed> =>
    attemptAsync("write a row", this.#place.root, () => this.putFailure(this.#key(rowKey), 0, payload))

  async close(): Promise<void> {
    await this.#logs.flush().catch(() => undefined) // whoever put a row was told
    this.#book.close()
    await this.#logs.close()
  }

  #key(rowKey: Digest): Uint8Array {
    if (this.#probe.write(rowKey, "hex") !== keyBytes) throw new TypeError(`${JSON.stringify(rowKey)} is not a row key`)
    return this.#probe
  }

  /** A frame that somebody wrote. */
  #take(kind: Kind, keys: Uint8Array, key: number, log: number, offset: number, size: number): void {
    const index = this.#index
    const entry = index.add(keys, key)
    if (kind === Kind.failure) {
      if (index.isPlaced(entry)) return
      this.#failed.set(entry, { attempts: (this.#failed.get(entry)?.attempts ?? 0) + 1, log, offset, size })
      this.#failures = undefined
      return
    }
    const first = !index.isPlaced(entry)
    // Replacements come in the order of their logs, for whoever reads them and whenever.
    const later = kind === Kind.replacement &&
      (index.kind(entry) === Kind.result || !this.#logs.isLater(index.log(entry), log))
    if (first || later) this.#stand(entry, kind, log, offset, size)
  }

  /** Results one after the other, as {@link #take} would take each. */
  #takeAll(run: FrameRun): void {
    if (this.#failed.size === 0) return this.#index.placeAll(run)
    let { offset } = run
    for (let i = 0; i < run.count; i++) {
      this.#take(run.kind, run.keys, run.at + i * keyBytes, run.log, offset, run.sizes[i]!)
      offset += run.sizes[i]!
    }
  }

  #stand(entry: number, kind: Kind, log: number, offset: number, size: number): void {
    this.#index.place(entry, kind, log, offset, size)
    if (this.#failed.size > 0 && this.#failed.delete(entry)) this.#failures = undefined
  }

  #lose(log: number, offset: number): void {
    this.#index.forgetFrom(log, offset)
    for (const [entry, failed] of this.#failed) {
      if (failed.log === log && failed.offset >= offset) this.#failed.delete(entry)
    }
    this.#failures = undefined
  }

  #divide(keys: Uint8Array, rows: ReadonlyArray<number>): Claimed {
    const mine: Array<number> = []
    const theirs: Array<number> = []
    for (const row of rows) {
      if (this.find(keys, row) >= 0) continue
      if (this.#book.isTheirs(keys, row * keyBytes)) theirs.push(row)
      else mine.push(row)
    }
    return { mine, theirs }
  }

  #endClaim(key: Uint8Array, group: Promise<void>): void {
    if (this.#ending?.group !== group) {
      const ending: Ending = { group, keys: [] }
      this.#ending = ending
      const end = () => this.release(Buffer.concat(ending.keys), [...ending.keys.keys()])
      group.then(end, end)
    }
    this.#ending.keys.push(key)
  }
}

/** Takes back what gc has put aside of this row function: somebody needs it after all. */
const rescue = ({ folder, tmp }: MemoPlace): void => {
  const base = path.dirname(tmp)
  rescueMissing(base, path.relative(base, folder))
}

/** Opens the memo in `place.folder`. The scope's end waits for frames on their way and closes the files. */
export const openMemo = (place: MemoPlace): Effect.Effect<Memo, StoreFailed, Scope.Scope> =>
  Effect.gen(function*() {
    rescue(place)
    const memo = yield* Effect.acquireRelease(
      Effect.sync(() => new OpenMemo(place)),
      (open) => Effect.promise(() => open.close())
    )
    yield* memo.refresh()
    return memo
  })
