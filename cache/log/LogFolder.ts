/**
 * A folder of append-only logs, one writer each and readable by all: this module reads all of them, writes at most one
 * at a time, and never changes somebody else's. Which frames stand for which key is decided by the visitor.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { endHolder, makeHolder, startHeartbeat, stopHeartbeat, Watch } from "../Holder.ts"
import { HolderFile } from "../HolderFile.ts"
import { compact, originsOf, smallLogBytes } from "./compact.ts"
import { frameSize, headerBytes, isPayloadIntact, keyAt, keyBytes, Kind } from "./Frame.ts"
import type { FrameRun } from "./KeyIndex.ts"
import { LogBytes, type MemoryBudget } from "./LogBytes.ts"
import { isFinished, isMerged, newLogName } from "./logName.ts"
import { LogWriter } from "./LogWriter.ts"
import { type Damage, scan, type ScanVisitor } from "./scan.ts"
import { gap, SealedIndex } from "./SealedIndex.ts"

/** Shown a frame of a log. The key starts at `key` in `keys`, a view that is gone after the call. */
export type VisitFrame = (
  kind: Kind,
  keys: Uint8Array,
  key: number,
  log: number,
  offset: number,
  size: number
) => void

export interface LogVisitor {
  readonly frame: VisitFrame
  /** A frame whose header is whole and whose payload is not. */
  readonly damaged: VisitFrame
  /** About so many frames will be shown. */
  readonly expect: (frames: number) => void
  /** Shown instead of many calls of `frame`, where an index names results one after the other. */
  readonly results?: (run: FrameRun) => void
  /** What lies in `log` from `offset` on never reached the disk. */
  readonly lost: (log: number, offset: number) => void
}

export interface LogFolderOptions {
  readonly folder: string
  /** Where damaged logs go when they are merged. */
  readonly quarantine: string
  /** Where a file is put that says who holds the folder's lock. */
  readonly tmp: string
  readonly budget: MemoryBudget
  /** Groups of frames leave at most this often; 0: at the end of each turn of the event loop. Unit: milliseconds. */
  readonly groupMs: number
}

interface Log {
  readonly name: string
  readonly fd: number
  readonly bytes: LogBytes
  /** Where the next scan starts. */
  next: number
  /** Its writer is gone, and everything it wrote has been read. */
  finished: boolean
  /** The writer, when it is this process. */
  readonly writer: LogWriter | undefined
}

/** A log that is read faster than its index would be gets none. */
const sealedFromBytes = 1 << 18

/** From this many small logs of writers that are gone on, they are merged before another log is begun. */
const compactFrom = 32

const indexOf = (file: string): string => `${file}.idx`

export class LogFolder {
  readonly self: HolderFile
  readonly watch = new Watch()
  readonly #options: LogFolderOptions
  readonly #visitor: LogVisitor
  readonly #logs: Array<Log> = []
  readonly #known = new Set<string>()
  /** What {@link locate} found: good until the next call. */
  located: Uint8Array = new Uint8Array(0)
  #writer: LogWriter | undefined
  #writerLog = -1
  readonly #damaged: Array<Damage> = []

  constructor(options: LogFolderOptions, visitor: LogVisitor) {
    this.#options = options
    this.#visitor = visitor
    this.self = new HolderFile(options.tmp, makeHolder())
  }

  /** Parts of logs that do not have the bytes that were written, as far as they were looked at. */
  get damaged(): ReadonlyArray<Damage> {
    return this.#damaged
  }

  /** The ordinal of the log that took the last frame of {@link append}. */
  get ownLog(): number {
    return this.#writerLog
  }

  /** Settles when everything appended is durable; rejects when some of it cannot be. */
  get committed(): Promise<void> {
    return this.#writer?.committed ?? Promise.resolve()
  }

  /** Whether something appended is not durable yet. */
  get pending(): boolean {
    return this.#writer?.pending ?? false
  }

  /** Whether a log was begun after another, by the order that all readers share. */
  isLater(log: number, other: number): boolean {
    return this.#logs[log]!.name > this.#logs[other]!.name
  }

  /** Adds a frame to the own log, readable at once, and returns its offset there. The payload is copied. */
  append(kind: Kind, keys: Uint8Array, key: number, payload: Uint8Array): number {
    if (this.#writer === undefined || this.#writer.failed) this.#writer = this.#begin()
    return this.#writer.append(kind, keys, key, payload)
  }

  /**
   * The payload of a frame that was shown or appended, checked against its key; `undefined` when its bytes are not what
   * was written. A view until the next call.
   */
  payload(log: number, offset: number, size: number, keys: Uint8Array, key: number): Uint8Array | undefined {
    const at = this.locate(log, offset, size, keys, key)
    return at < 0 ? undefined : this.located.subarray(at, at + size - headerBytes)
  }

  /** {@link payload} without making a view: where it starts in {@link located}, or -1. */
  locate(log: number, offset: number, size: number, keys: Uint8Array, key: number): number {
    const { bytes } = this.#logs[log]!
    const at = bytes.locate(offset, size, false)
    if (at >= 0) {
      const frame = this.located = bytes.located
      if (bytes.isTrusted) return at + headerBytes
      let whole = frameSize(frame, at) === size
      for (let i = 0; whole && i < keyBytes; i++) whole = frame[at + keyAt + i] === keys[key + i]
      if (whole && isPayloadIntact(frame, at)) return at + headerBytes
    }
    this.#distrust(log, offset, size)
    return -1
  }

  /** Reads where a frame begins and ends if it is in memory: where many are asked for, their delays pass together. */
  peek(log: number, offset: number, size: number): number {
    const { bytes } = this.#logs[log]!
    return bytes.peek(offset) ^ bytes.peek(offset + size - 1)
  }

  /** The bytes of a part of a log as they are, for those who look into damage. */
  raw(log: number, offset: number, size: number): Uint8Array {
    const { fd } = this.#logs[log]!
    const found = Buffer.alloc(size)
    return found.subarray(0, fd < 0 ? 0 : fs.readSync(fd, found, 0, size, offset))
  }

  /** Shows every frame that others wrote since the last call, log by log in order of their creation. */
  refresh(): void {
    const { folder } = this.#options
    // A log may be merged between listing and opening: what it held is in the list of the next round.
    let gone = true
    for (let round = 0; gone && round < 10; round++) {
      gone = false
      let names: Array<string>
      try {
        names = fs.readdirSync(folder).filter((name) => name.endsWith(".log")).sort()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return
        throw error
      }
      for (const name of names) {
        if (!this.#known.has(name)) gone = this.#open(name) === undefined || gone
      }
    }
    for (const [ordinal, log] of this.#logs.entries()) {
      if (log.finished || log.writer !== undefined) continue
      const { size } = fs.fstatSync(log.fd)
      if (size > log.bytes.end) {
        log.bytes.setEnd(size)
        log.next = scan(log.bytes, log.next, this.#scanVisitor(ordinal, undefined))
      }
    }
  }

  /** Waits until everything appended is durable. **Fails**: rejects with what the file system said. */
  async flush(): Promise<void> {
    await this.#writer?.flush()
  }

  /** Waits for frames on their way, leaves an index of the own log, and closes all files. */
  async close(): Promise<void> {
    const { folder } = this.#options
    for (const { bytes, fd, name, writer } of this.#logs) {
      await writer?.close()
      if (writer === undefined) fs.closeSync(fd)
      else {
        stopHeartbeat(path.join(folder, name))
        if (writer.durable >= sealedFromBytes) writer.frames.write(indexOf(path.join(folder, name)))
      }
      bytes.release()
    }
    this.#logs.length = 0
    this.#writer = undefined
    this.self.close()
    endHolder(this.self.holder)
  }

  #begin(): LogWriter {
    const { budget, folder, groupMs } = this.#options
    this.#compact()
    const name = newLogName(this.self.holder, this.#known)
    const ordinal = this.#logs.length
    const onFailure = (durable: number) => this.#visitor.lost(ordinal, durable)
    const writer = new LogWriter({ folder, name, budget, groupMs, onFailure })
    this.#writerLog = ordinal
    this.#logs.push({ name, fd: -1, bytes: writer.bytes, next: 0, finished: false, writer })
    this.#known.add(name)
    startHeartbeat(path.join(folder, name))
    return writer
  }

  /** Reads a log that was not known. Returns `undefined` when it is gone. */
  #open(name: string): Log | undefined {
    const file = path.join(this.#options.folder, name)
    const finished = isFinished(this.#options.folder, name, this.watch)
    let fd: number
    try {
      fd = fs.openSync(file, "r")
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
      throw error
    }
    const { size } = fs.fstatSync(fd)
    const bytes = new LogBytes(this.#options.budget, fd, size)
    const log: Log = { name, fd, bytes, next: 0, finished, writer: undefined }
    const ordinal = this.#logs.push(log) - 1
    this.#known.add(name)
    if (isMerged(name) && originsOf(bytes).every((origin) => this.#known.has(origin))) {
      // All of it was read where it lay before.
      log.next = size
      return log
    }
    const sealed = size < sealedFromBytes ? undefined : SealedIndex.read(indexOf(file), size)
    if (sealed !== undefined) log.next = this.#show(ordinal, sealed)
    const collected = finished && sealed === undefined && size >= sealedFromBytes ? new SealedIndex() : undefined
    log.next = scan(bytes, log.next, this.#scanVisitor(ordinal, collected))
    collected?.write(indexOf(file))
    return log
  }

  /** Shows the frames that an index names. Returns where they end. */
  #show(ordinal: number, sealed: SealedIndex): number {
    const { expect, frame, results } = this.#visitor
    expect(sealed.entries)
    let offset = 0
    for (let entry = 0; entry < sealed.entries;) {
      const kind = sealed.kind(entry)
      const count = kind === Kind.result && results !== undefined ? sealed.run(entry) : 1
      const at = entry * keyBytes
      const sizes = sealed.sizes(entry, entry + count)
      if (kind === gap) this.#noteDamage(ordinal, offset, sizes[0]!)
      else if (count > 1) results!({ kind: Kind.result, count, keys: sealed.keys, at, log: ordinal, offset, sizes })
      else if (kind !== Kind.origin) frame(kind as Kind, sealed.keys, at, ordinal, offset, sizes[0]!)
      for (let i = 0; i < count; i++) offset += sizes[i]!
      entry += count
    }
    return offset
  }

  #scanVisitor(ordinal: number, collected: SealedIndex | undefined): ScanVisitor {
    const { damaged, frame } = this.#visitor
    return {
      frame: (kind, keys, key, offset, size) => {
        collected?.add(kind, keys, key, offset, size)
        if (kind !== Kind.origin) frame(kind, keys, key, ordinal, offset, size)
      },
      damagedFrame: (kind, keys, key, offset, size) => {
        this.#noteDamage(ordinal, offset, size)
        damaged(kind, keys, key, ordinal, offset, size)
      },
      damagedBytes: (offset, bytes) => this.#noteDamage(ordinal, offset, bytes)
    }
  }

  #noteDamage(log: number, offset: number, bytes: number): void {
    const file = this.#logs[log]!.name
    const last = this.#damaged.at(-1)
    const continues = last?.file === file && last.offset <= offset && offset <= last.offset + last.bytes
    if (continues) this.#damaged[this.#damaged.length - 1] = { ...last, bytes: offset + bytes - last.offset }
    else this.#damaged.push({ file, offset, bytes })
  }

  /** A frame is not what its index says: the next one to open the log has to read it. */
  #distrust(log: number, offset: number, size: number): void {
    this.#noteDamage(log, offset, size)
    try {
      fs.rmSync(indexOf(path.join(this.#options.folder, this.#logs[log]!.name)), { force: true })
    } catch {
      // On a read-only cache the index stays, and the frame is found damaged again.
    }
  }

  /** Merges small logs of writers that are gone. A failure costs the next readers time, so it is kept quiet. */
  #compact(): void {
    const { folder, quarantine } = this.#options
    const small = this.#logs.filter((log) => log.finished && log.bytes.end <= smallLogBytes)
    if (small.length <= compactFrom) return
    try {
      compact({
        folder,
        quarantine,
        self: this.self,
        watch: this.watch,
        isFinished: (name) => isFinished(folder, name, this.watch)
      })
    } catch {
      // A full or read-only disk says so when the log that is about to begin is written.
    }
  }
}
