/**
 * One log read from end to end in the memory of one piece, for those who look after a cache rather than for results:
 * frames, damage, and whether somebody still writes it.
 */
import * as fs from "node:fs"
import { headerBytes, keyAt, type Kind } from "../log/Frame.ts"
import { LogBytes, MemoryBudget } from "../log/LogBytes.ts"
import { scan } from "../log/scan.ts"

/** One frame. Its arrays are views that are gone after the call. Unit of `offset`: bytes. */
export interface LogFrame {
  readonly kind: Kind
  readonly keys: Uint8Array
  /** Where the 32 bytes of the key start in `keys`. */
  readonly key: number
  readonly payload: Uint8Array
  /** The whole frame, its header included. */
  readonly bytes: Uint8Array
  readonly offset: number
}

export interface LogReader {
  readonly frame?: (frame: LogFrame) => void
  /** Bytes that are not what was written; `key` in hex where the frame's header is whole. */
  readonly damage?: (
    offset: number,
    bytes: number,
    frame: { readonly kind: Kind; readonly key: string } | undefined
  ) => void
}

export const hexAt = (keys: Uint8Array, key: number): string =>
  Buffer.from(keys.buffer, keys.byteOffset + key, 32).toString("hex")

/** The bytes of a log, and those at its end that are no whole frame: of a writer that was killed, or writes now. */
export interface LogSize {
  readonly bytes: number
  readonly tail: number
}

/** An open log that is read part by part. */
export class LogCursor {
  readonly #bytes: LogBytes
  readonly #size: number
  #next = 0
  /** Where what was shown ends. */
  #passed = 0

  /** What lies behind `size` is not read. */
  constructor(fd: number, size: number) {
    this.#bytes = new LogBytes(new MemoryBudget(0), fd, 0)
    this.#size = size
  }

  get atEnd(): boolean {
    return this.#bytes.end >= this.#size
  }

  get read(): LogSize {
    return { bytes: this.#size, tail: this.#size - this.#passed }
  }

  /** Shows the frames of about the next `bytes` bytes. **Fails**: throws what the file system says. */
  advance(bytes: number, reader: LogReader): void {
    this.#bytes.setEnd(Math.min(this.#size, this.#bytes.end + bytes))
    const passed = (offset: number, length: number) => {
      this.#passed = Math.max(this.#passed, offset + length)
    }
    this.#next = scan(this.#bytes, this.#next, {
      frame: (kind, keys, key, offset, length) => {
        passed(offset, length)
        const start = key - keyAt
        reader.frame?.({
          kind,
          keys,
          key,
          payload: keys.subarray(start + headerBytes, start + length),
          bytes: keys.subarray(start, start + length),
          offset
        })
      },
      damagedFrame: (kind, keys, key, offset, length) => {
        passed(offset, length)
        reader.damage?.(offset, length, { kind, key: hexAt(keys, key) })
      },
      damagedBytes: (offset, length) => {
        passed(offset, length)
        reader.damage?.(offset, length, undefined)
      }
    })
  }
}

/** Reads a log from end to end. **Fails**: throws what the file system says. */
export const readLog = (file: string, reader: LogReader): LogSize => {
  const fd = fs.openSync(file, "r")
  try {
    const { size } = fs.fstatSync(fd)
    const cursor = new LogCursor(fd, size)
    cursor.advance(size, reader)
    return cursor.read
  } finally {
    fs.closeSync(fd)
  }
}
