/**
 * The one writer of one log. Frames are readable in this process at once; those handed over until a group leaves, or
 * while the disk is busy, share one write, one fdatasync and one promise (group commit). The file is made with the first
 * group, so a run that computes nothing writes nothing. Where frames are found again is the business of `LogFolder.ts`.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { promisify } from "node:util"
import { makeFolder, syncFolderLater, writeBytes } from "../publish.ts"
import { headerBytes, type Kind, writeHeader } from "./Frame.ts"
import { LogBytes, type MemoryBudget } from "./LogBytes.ts"
import { SealedIndex } from "./SealedIndex.ts"

export interface LogWriterOptions {
  readonly folder: string
  readonly name: string
  readonly budget: MemoryBudget
  /** Groups leave at most this often; 0: at the end of each turn of the event loop. Unit: milliseconds. */
  readonly groupMs: number
  /** What lies at `durable` or behind it in this log never came to be; the log takes no more frames. */
  readonly onFailure: (durable: number) => void
}

/** Those who wait for one group. */
class Group {
  readonly #settled = Promise.withResolvers<void>()
  readonly promise: Promise<void> = this.#settled.promise

  constructor() {
    // Whoever wants to know of a failure waits for the promise, or flushes.
    this.promise.catch(() => undefined)
  }

  settle(error: { readonly cause: unknown } | undefined): void {
    if (error === undefined) this.#settled.resolve()
    else this.#settled.reject(error.cause)
  }
}

const writePieces = (fd: number, pieces: ReadonlyArray<Uint8Array>, position: number): Promise<number> =>
  new Promise((resolve, reject) =>
    fs.writev(fd, pieces, position, (error, written) => error === null ? resolve(written) : reject(error))
  )

/** The first of `pieces` that one call should write. */
const oneWrite = (pieces: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  let bytes = 0
  let count = 0
  while (count < pieces.length && bytes < writeBytes) bytes += pieces[count++]!.length
  return pieces.slice(0, count)
}

/** What is left of `pieces` behind their first `written` bytes. */
const behind = (pieces: Array<Uint8Array>, written: number): Array<Uint8Array> => {
  let left = written
  let first = 0
  while (first < pieces.length && left >= pieces[first]!.length) left -= pieces[first++]!.length
  const rest = pieces.slice(first)
  if (left > 0) rest[0] = rest[0]!.subarray(left)
  return rest
}

const syncData = (fd: number): Promise<void> => promisify(fs.fdatasync)(fd)

const settledPromise = Promise.resolve()

export class LogWriter {
  readonly #options: LogWriterOptions
  readonly bytes: LogBytes
  /** The frames of this log, for its index. */
  readonly frames = new SealedIndex()
  #fd: number | undefined
  #durable = 0
  #gathering: Group | undefined
  #leaving: Group | undefined
  #work: Promise<void> | undefined
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  #leftMs = 0
  #failure: { readonly cause: unknown } | undefined
  #reported = false

  constructor(options: LogWriterOptions) {
    this.#options = options
    this.bytes = new LogBytes(options.budget, -1, 0)
  }

  /** A group could not be written. */
  get failed(): boolean {
    return this.#failure !== undefined
  }

  /** Something appended is not durable yet. */
  get pending(): boolean {
    return this.#gathering !== undefined || this.#work !== undefined
  }

  /** Where the log's durable bytes end. */
  get durable(): number {
    return this.#durable
  }

  /** Settles when everything handed over so far is durable; rejects with what the file system said. */
  get committed(): Promise<void> {
    return (this.#gathering ?? this.#leaving)?.promise ?? settledPromise
  }

  /** Adds a frame and returns its offset. The payload is copied. */
  append(kind: Kind, keys: Uint8Array, key: number, payload: Uint8Array): number {
    const { bytes } = this
    const offset = bytes.end
    const size = headerBytes + payload.length
    const at = bytes.reserve(size)
    if (at >= 0) {
      writeHeader(bytes.located, at, kind, keys, key, payload)
      bytes.located.set(payload, at + headerBytes)
    } else {
      const header = new Uint8Array(headerBytes)
      writeHeader(header, 0, kind, keys, key, payload)
      bytes.append(header)
      bytes.append(payload)
    }
    this.frames.add(kind, keys, key, offset, size)
    this.#gathering ??= this.#nextGroup()
    return offset
  }

  /** Waits for everything handed over. **Fails**: rejects with the first error that nobody was told of by a flush. */
  async flush(): Promise<void> {
    while (this.#gathering !== undefined || this.#work !== undefined) {
      this.#leave()
      await this.#work
    }
    if (this.#failure !== undefined && !this.#reported) {
      this.#reported = true
      throw this.#failure.cause
    }
  }

  /** Waits for everything handed over and closes the file. */
  async close(): Promise<void> {
    await this.flush().catch(() => undefined)
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    this.#fd = undefined
  }

  #nextGroup(): Group {
    const { groupMs } = this.#options
    if (this.#work === undefined) {
      const leave = () => this.#leave()
      const wait = this.#leftMs + groupMs - performance.now()
      this.#timer = groupMs === 0 || wait <= 0 ? setImmediate(leave) : setTimeout(leave, wait)
    }
    return new Group()
  }

  /** Sends the group that has gathered on its way, unless the disk is busy: then it leaves when that is done. */
  #leave(): void {
    if (this.#timer !== undefined) {
      clearImmediate(this.#timer as NodeJS.Immediate)
      clearTimeout(this.#timer as NodeJS.Timeout)
      this.#timer = undefined
    }
    if (this.#work !== undefined || this.#gathering === undefined) return
    const group = this.#gathering
    this.#gathering = undefined
    this.#leaving = group
    this.#leftMs = performance.now()
    this.#work = this.#commit(group).finally(() => {
      this.#work = undefined
      this.#leaving = undefined
      if (this.#gathering !== undefined) this.#waitAgain()
    })
  }

  /** Frames gathered while the disk was busy. */
  #waitAgain(): void {
    const wait = this.#leftMs + this.#options.groupMs - performance.now()
    if (wait <= 0) this.#leave()
    else this.#timer = setTimeout(() => this.#leave(), wait)
  }

  async #commit(group: Group): Promise<void> {
    try {
      const fd = this.#fd ?? await this.#make()
      const end = this.bytes.end
      let position = this.#durable
      for (let left = this.bytes.pieces(position); position < end;) {
        const written = await writePieces(fd, oneWrite(left), position)
        position += written
        left = behind(left, written)
      }
      await syncData(fd)
      this.#refuseIfGone(fd)
      this.#durable = position
      this.bytes.settle(position)
    } catch (cause) {
      this.#fail(cause, group)
      return
    }
    group.settle(undefined)
  }

  /**
   * A process that slept for a day or longer counts as gone, and its log may have been merged and removed: what is
   * written to it now would be lost with its last reader.
   */
  #refuseIfGone(fd: number): void {
    if (fs.fstatSync(fd).nlink > 0) return
    const { folder, name } = this.#options
    throw Object.assign(new Error(`ENOENT: ${name} was removed`), { code: "ENOENT", path: path.join(folder, name) })
  }

  /** Later frames must not stand behind a torn one, and a log is never cut: readers may be in the middle of it. */
  #fail(cause: unknown, group: Group): void {
    const failure = { cause }
    this.#failure = failure
    this.bytes.setEnd(this.#durable)
    this.frames.cut(this.#durable)
    this.#options.onFailure(this.#durable)
    const gathered = this.#gathering
    this.#gathering = undefined
    group.settle(failure)
    gathered?.settle(failure)
  }

  async #make(): Promise<number> {
    const { folder, name } = this.#options
    makeFolder(folder)
    const fd = fs.openSync(path.join(folder, name), "wx+", 0o600)
    this.#fd = fd
    this.bytes.attach(fd)
    await syncFolderLater(folder)
    return fd
  }
}
