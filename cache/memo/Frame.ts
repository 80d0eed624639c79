/**
 * The frames of a row log: how one row's result or failed attempt lies in a file, and how a file is scanned. The header
 * has a check of its own, so that a cut tail (a writer was killed, or is writing now) and a flipped bit are told apart:
 * a wrong length cannot pass for a tail.
 *
 *     [payload length u32][header crc32 u32][payload crc32 u32][kind u8][key 32 bytes][payload]     little-endian
 */
import * as fs from "node:fs"
import { crc32 } from "node:zlib"

/** Bytes before the payload. */
export const headerBytes = 45
/** Bytes of a key. */
export const keyBytes = 32

const kindAt = 12
const keyAt = 13

/** What a frame says: a result, a failed attempt, or a result that stands instead of an earlier one. */
export const Kind = { result: 1, failure: 2, replacement: 3 } as const
export type Kind = typeof Kind[keyof typeof Kind]

const isKind = (value: number): value is Kind => value >= 1 && value <= 3

const headerCrc = (frame: Uint8Array): number => crc32(frame.subarray(8, headerBytes), crc32(frame.subarray(0, 4)))

/** One frame. `key` is 64 hex characters. */
export const encodeFrame = (kind: Kind, key: string, payload: Uint8Array): Buffer => {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length)
  frame.writeUInt32LE(payload.length, 0)
  frame.writeUInt32LE(crc32(payload), 8)
  frame[kindAt] = kind
  frame.write(key, keyAt, "hex")
  frame.writeUInt32LE(headerCrc(frame), 4)
  frame.set(payload, headerBytes)
  return frame
}

/** A frame found in a log. `key` is a view that the next frame may overwrite. */
export interface Found {
  readonly kind: Kind
  readonly key: Uint8Array
  readonly offset: number
  readonly size: number
  readonly payload: Uint8Array
}

/** The frame at the start of `bytes`; `"short"` when it is not all there, `"damaged"` when its checks fail. */
export const decodeFrame = (bytes: Uint8Array, offset: number): Found | "short" | "damaged" => {
  if (bytes.length < headerBytes) return "short"
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  const kind = bytes[kindAt]!
  if (view.getUint32(4, true) !== headerCrc(bytes) || !isKind(kind)) return "damaged"
  const size = headerBytes + view.getUint32(0, true)
  if (bytes.length < size) return "short"
  const payload = bytes.subarray(headerBytes, size)
  if (crc32(payload) !== view.getUint32(8, true)) return "damaged"
  return { kind, key: bytes.subarray(keyAt, headerBytes), offset, size, payload }
}

/** Where a scan ended: `good` is the end of the last whole frame; `rest` bytes follow it, cut or damaged. */
export interface ScanEnd {
  readonly good: number
  readonly rest: number
  readonly damaged: boolean
}

const windowBytes = 1 << 22

/** Calls `visit` for every whole frame of the file from `start`, in order, reading it window by window. */
export const scanLog = (fd: number, start: number, visit: (frame: Found) => void): ScanEnd => {
  const end = fs.fstatSync(fd).size
  let window = Buffer.allocUnsafe(Math.max(headerBytes, Math.min(windowBytes, end - start)))
  let good = start
  while (good < end) {
    const filled = fs.readSync(fd, window, 0, Math.min(window.length, end - good), good)
    let at = 0
    for (;;) {
      const frame = decodeFrame(window.subarray(at, filled), good + at)
      if (frame === "damaged") return { good: good + at, rest: end - good - at, damaged: true }
      if (frame === "short") break
      visit(frame)
      at += frame.size
    }
    good += at
    if (at > 0) continue
    // Not one whole frame in the window: it is larger than the window, or the file ends inside it.
    const needed = filled < headerBytes ? headerBytes : headerBytes + window.readUInt32LE(0)
    if (needed > end - good) break
    window = Buffer.allocUnsafe(needed)
  }
  return { good, rest: end - good, damaged: false }
}

/** The frame that `offset` and `size` name; `undefined` when it is no longer there as it was. */
export const readFrame = (fd: number, offset: number, size: number): Found | undefined => {
  const bytes = Buffer.allocUnsafe(size)
  if (fs.readSync(fd, bytes, 0, size, offset) < size) return undefined
  const frame = decodeFrame(bytes, offset)
  return typeof frame === "string" ? undefined : frame
}
