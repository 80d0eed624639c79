/**
 * The rows of one row function as its readers see them: for each key the frame that stands, and the failed attempts at
 * rows without a result, in the order of the logs. Two passes over the logs, and no payload is held.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { Kind, writeHeader } from "../log/Frame.ts"
import { KeyIndex } from "../log/KeyIndex.ts"
import { logsIn } from "./JournalContents.ts"
import { LogCursor, type LogFrame } from "./readLog.ts"
import { unlessGone } from "./unlessGone.ts"

/** Frames are handed on in pieces of about this many bytes. */
const pieceBytes = 1 << 20

interface OpenLog {
  readonly fd: number
  readonly size: number
}

/** Opens all logs of a folder at one instant: one that is merged meanwhile is looked for again. */
const openLogs = (folder: string): ReadonlyArray<OpenLog> => {
  const found: Array<OpenLog> = []
  for (const log of logsIn(folder)) {
    const fd = unlessGone(() => fs.openSync(path.join(folder, log), "r"))
    if (fd === undefined) {
      for (const each of found) fs.closeSync(each.fd)
      return openLogs(folder)
    }
    found.push({ fd, size: fs.fstatSync(fd).size })
  }
  return found
}

export class StandingRows {
  readonly #logs: ReadonlyArray<OpenLog>
  readonly #index = new KeyIndex()
  /** Frames that stand. */
  count = 0
  /** Their bytes. */
  bytes = 0

  /** `folder` is that of the row function. **Fails**: throws what the file system says. */
  constructor(folder: string) {
    this.#logs = openLogs(folder)
    const frames = (visit: (frame: LogFrame, log: number) => void) => {
      for (const [log, { fd, size }] of this.#logs.entries()) {
        new LogCursor(fd, size).advance(size, { frame: (frame) => visit(frame, log) })
      }
    }
    frames((frame, log) => this.#show(frame, log))
    frames((frame, log) => {
      if (!this.#stands(frame, log)) return
      this.count++
      this.bytes += frame.bytes.length
    })
  }

  /** The frames that stand. Results that replaced others are plain results: there is nothing else they could replace. */
  *pieces(): Generator<Buffer> {
    for (const [log, { fd, size }] of this.#logs.entries()) {
      for (const cursor = new LogCursor(fd, size); !cursor.atEnd;) {
        const gathered: Array<Uint8Array> = []
        cursor.advance(pieceBytes, {
          frame: (frame) => {
            if (!this.#stands(frame, log)) return
            const copy = Buffer.from(frame.bytes)
            if (frame.kind === Kind.replacement) writeHeader(copy, 0, Kind.result, frame.keys, frame.key, frame.payload)
            gathered.push(copy)
          }
        })
        if (gathered.length > 0) yield Buffer.concat(gathered)
      }
    }
  }

  close(): void {
    for (const { fd } of this.#logs) fs.closeSync(fd)
  }

  #show({ bytes, key, keys, kind, offset }: LogFrame, log: number): void {
    if (kind !== Kind.result && kind !== Kind.replacement) return
    const entry = this.#index.add(keys, key)
    if (kind === Kind.replacement || !this.#index.isPlaced(entry)) {
      this.#index.place(entry, kind, log, offset, bytes.length)
    }
  }

  #stands({ key, keys, kind, offset }: LogFrame, log: number): boolean {
    if (kind !== Kind.result && kind !== Kind.replacement && kind !== Kind.failure) return false
    const entry = this.#index.find(keys, key)
    if (kind === Kind.failure) return entry < 0
    return entry >= 0 && this.#index.log(entry) === log && this.#index.offset(entry) === offset
  }
}
