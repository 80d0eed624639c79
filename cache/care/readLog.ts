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

/** Reads an open log up to `size`. **Fails**: throws what the file system says. */
export const readOpenLog = (fd: number, size: number, reader: LogReader): LogSize => {
  const bytes = new LogBytes(new MemoryBudget(0), fd, size)
  let end = 0
  const passed = (offset: number, length: number) => {
    end = Math.max(end, offset + length)
  }
  scan(bytes, 0, {
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
  return { bytes: size, tail: size - end }
}

/** {@link readOpenLog} of all there is in `file`. */
export const readLog = (file: string, reader: LogReader): LogSize => {
  const fd = fs.openSync(file, "r")
  try {
    return readOpenLog(fd, fs.fstatSync(fd).size, reader)
  } finally {
    fs.closeSync(fd)
  }
}
