/**
 * The durable row log of one row function: results and failed attempts by row key. A folder holds one log a writer;
 * this module reads all of them, writes at most one, and never changes somebody else's. What a key and a payload mean
 * is decided above.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Digest } from "./Digest.ts"
import { encodeFrame, type Found, keyBytes, Kind, readFrame, scanLog } from "./memo/Frame.ts"
import { KeyIndex } from "./memo/KeyIndex.ts"
import { LogWriter } from "./memo/LogWriter.ts"
import { attempt, failWith, type StoreFailed } from "./StoreFailed.ts"

/** Failed attempts at one row; `last` is the payload of the latest. */
export interface Failures {
  readonly attempts: number
  readonly last: Uint8Array
}

/** A log from some offset on does not have the bytes that were written: nothing after it is trusted. Unit: bytes. */
export interface Damage {
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

export interface Memo {
  /** Rows with a result. */
  readonly size: number
  /** The payload of a row's result. Failed attempts are not results. */
  readonly get: (rowKey: Digest) => Uint8Array | undefined
  readonly has: (rowKey: Digest) => boolean
  /**
   * Completes once the result is durable. The first result of a key stays, unless `replace` says that this one stands
   * instead.
   */
  readonly append: (
    rowKey: Digest,
    payload: Uint8Array,
    options?: { readonly replace?: boolean }
  ) => Effect.Effect<void, StoreFailed>
  /** Completes once the failed attempt is durable. */
  readonly appendFailure: (rowKey: Digest, payload: Uint8Array) => Effect.Effect<void, StoreFailed>
  /** Rows that failed and have no result. */
  readonly failures: ReadonlyMap<Digest, Failures>
  /** Logs whose end cannot be trusted, as of the last open or refresh. */
  readonly damaged: ReadonlyArray<Damage>
  /** Picks up what other processes appended since. */
  readonly refresh: () => Effect.Effect<void, StoreFailed>
}

interface Log {
  readonly name: string
  readonly fd: number
  good: number
}

class OpenMemo {
  readonly #folder: string
  readonly #root: string
  readonly #writer: LogWriter
  readonly #index = new KeyIndex()
  readonly #logs: Array<Log> = []
  readonly #ordinals = new Map<string, number>()
  readonly #probe = Buffer.alloc(keyBytes)
  readonly failures = new Map<Digest, Failures>()
  damaged: ReadonlyArray<Damage> = []

  constructor(root: string, folder: string) {
    this.#root = root
    this.#folder = folder
    this.#writer = new LogWriter(folder)
  }

  get size(): number {
    return this.#index.size
  }

  #key(rowKey: Digest): Uint8Array {
    if (rowKey.length !== keyBytes * 2 || this.#probe.write(rowKey, "hex") !== keyBytes) {
      throw new TypeError(`${rowKey} is not a row key; a row key is a digest of 64 hex characters`)
    }
    return this.#probe
  }

  has(rowKey: Digest): boolean {
    return this.#index.get(this.#key(rowKey)) !== undefined
  }

  get(rowKey: Digest): Uint8Array | undefined {
    const key = this.#key(rowKey)
    const place = this.#index.get(key)
    if (place === undefined) return undefined
    const frame = readFrame(this.#logs[place.file]!.fd, place.offset, place.size)
    // The checks are repeated: the log may have been damaged since it was indexed.
    return frame !== undefined && Buffer.compare(frame.key, key) === 0 ? frame.payload : undefined
  }

  #ordinal(name: string): number {
    const known = this.#ordinals.get(name)
    if (known !== undefined) return known
    const fd = fs.openSync(path.join(this.#folder, name), "r")
    this.#logs.push({ name, fd, good: 0 })
    this.#ordinals.set(name, this.#logs.length - 1)
    return this.#logs.length - 1
  }

  #take(file: number, frame: Pick<Found, "kind" | "key" | "offset" | "size" | "payload">): void {
    if (frame.kind === Kind.failure) {
      if (this.#index.get(frame.key) !== undefined) return
      const key = Buffer.from(frame.key).toString("hex")
      const attempts = (this.failures.get(key)?.attempts ?? 0) + 1
      this.failures.set(key, { attempts, last: frame.payload.slice() })
      return
    }
    this.#index.set(frame.key, { file, offset: frame.offset, size: frame.size }, frame.kind === Kind.replacement)
    if (this.failures.size > 0) this.failures.delete(Buffer.from(frame.key).toString("hex"))
  }

  /**
   * Reads every log from where it was left. Order of names is order of creation, which makes "first" the same for every
   * reader.
   */
  refresh(): void {
    if (!fs.existsSync(this.#folder)) return
    const names = fs.readdirSync(this.#folder).filter((name) => name.endsWith(".log")).sort()
    const damaged: Array<Damage> = []
    for (const name of names) {
      // Own frames are indexed when they are durable; a scan would meet those still on their way and count failures
      // twice.
      if (this.#writer.owns(name)) continue
      const ordinal = this.#ordinal(name)
      const log = this.#logs[ordinal]!
      const end = scanLog(log.fd, log.good, (frame) => this.#take(ordinal, frame))
      log.good = end.good
      if (end.damaged) damaged.push({ file: name, offset: end.good, bytes: end.rest })
    }
    this.damaged = damaged
  }

  append(kind: Kind, rowKey: Digest, payload: Uint8Array): Effect.Effect<void, StoreFailed> {
    return Effect.callback((resume) => {
      this.#key(rowKey)
      const frame = encodeFrame(kind, rowKey, payload)
      this.#writer.append(frame, (result) => {
        try {
          if ("error" in result) throw result.error
          const key = Buffer.from(rowKey, "hex")
          this.#take(this.#ordinal(result.file), { kind, key, offset: result.offset, size: frame.length, payload })
          resume(Effect.void)
        } catch (error) {
          resume(failWith("write a row", this.#root, error))
        }
      })
    })
  }

  async close(): Promise<void> {
    await this.#writer.close()
    for (const log of this.#logs) fs.closeSync(log.fd)
  }
}

/** Opens the memo in `folder`. The scope's end waits for frames on their way and closes the files. */
export const openMemo = (root: string, folder: string): Effect.Effect<Memo, StoreFailed, Scope.Scope> =>
  Effect.gen(function*() {
    const open = yield* Effect.acquireRelease(
      Effect.sync(() => new OpenMemo(root, folder)),
      (memo) => Effect.promise(() => memo.close())
    )
    const refresh = () => attempt("read the row log", root, () => open.refresh())
    yield* refresh()
    return {
      get size() {
        return open.size
      },
      get damaged() {
        return open.damaged
      },
      failures: open.failures,
      get: (rowKey) => open.get(rowKey),
      has: (rowKey) => open.has(rowKey),
      append: (rowKey, payload, options) =>
        open.append(options?.replace === true ? Kind.replacement : Kind.result, rowKey, payload),
      appendFailure: (rowKey, payload) => open.append(Kind.failure, rowKey, payload),
      refresh
    }
  })
