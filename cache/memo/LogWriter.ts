/**
 * The one writer of one log file. Frames handed over in one turn of the event loop, or while the disk is busy, share
 * one write and one fdatasync (group commit), and whoever handed one over is told once it is durable. The file is made
 * on the first frame, so a run that computes nothing writes nothing.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { makeFolder, syncFolder } from "../publish.ts"

interface Waiting {
  readonly frame: Uint8Array
  readonly done: (result: Committed | { readonly error: unknown }) => void
}

/** Where a frame became durable. */
export interface Committed {
  readonly file: string
  readonly offset: number
}

/** Names sort in order of creation, and no two writers share one. */
const logName = (): string =>
  `${Date.now().toString(36).padStart(10, "0")}-${process.pid}-${randomBytes(6).toString("hex")}.log`

const writeAll = (fd: number, bytes: Uint8Array, offset: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const step = (at: number): void => {
      fs.write(fd, bytes, at, bytes.length - at, offset + at, (error, written) => {
        if (error !== null) reject(error)
        else if (at + written < bytes.length) step(at + written)
        else resolve()
      })
    }
    step(0)
  })

const sync = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => fs.fdatasync(fd, (error) => error === null ? resolve() : reject(error)))

export class LogWriter {
  readonly #folder: string
  #fd: number | undefined
  #file = ""
  readonly #owned = new Set<string>()
  #end = 0
  #waiting: Array<Waiting> = []
  #scheduled: NodeJS.Immediate | undefined
  #flushing: Promise<void> | undefined

  constructor(folder: string) {
    this.#folder = folder
  }

  /** True for the name of a log that this writer made. */
  owns(name: string): boolean {
    return this.#owned.has(name)
  }

  /** Queues a frame; `done` is called once, when it is durable or has failed. */
  append(frame: Uint8Array, done: Waiting["done"]): void {
    this.#waiting.push({ frame, done })
    // After this turn of the event loop, so that all rows that finish in it leave together.
    this.#scheduled ??= setImmediate(() => this.#flush())
  }

  /** Writes what is waiting and closes the file. */
  async close(): Promise<void> {
    while (this.#flushing !== undefined || this.#waiting.length > 0) {
      this.#flush()
      await this.#flushing
    }
    this.#leave()
  }

  #open(): number {
    makeFolder(this.#folder)
    this.#file = logName()
    this.#owned.add(this.#file)
    this.#end = 0
    this.#fd = fs.openSync(path.join(this.#folder, this.#file), "wx", 0o600)
    syncFolder(this.#folder)
    syncFolder(path.dirname(this.#folder))
    return this.#fd
  }

  #flush(): void {
    clearImmediate(this.#scheduled)
    this.#scheduled = undefined
    // While one group is on its way the next one gathers; it leaves as soon as the disk is free.
    if (this.#flushing !== undefined || this.#waiting.length === 0) return
    const group = this.#waiting
    this.#waiting = []
    this.#flushing = this.#commit(group).finally(() => {
      this.#flushing = undefined
      if (this.#waiting.length > 0) this.#flush()
    })
  }

  async #commit(group: ReadonlyArray<Waiting>): Promise<void> {
    try {
      const fd = this.#fd ?? this.#open()
      const bytes = Buffer.concat(group.map((waiting) => waiting.frame))
      await writeAll(fd, bytes, this.#end)
      await sync(fd)
    } catch (error) {
      // Later frames must not stand behind a torn one, and a log is never cut: readers may be in the middle of it.
      this.#leave()
      for (const { done } of group) done({ error })
      return
    }
    for (const { done, frame } of group) {
      done({ file: this.#file, offset: this.#end })
      this.#end += frame.length
    }
  }

  #leave(): void {
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    this.#fd = undefined
  }
}
