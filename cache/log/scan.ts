/**
 * Reads the frames of a log in order, from where the last scan stopped: whole frames are shown, a cut tail is left for
 * later, and behind damage the next frame is looked for. What a frame means is the visitor's business.
 */
import { frameSize, headerBytes, isHeader, isPayloadIntact, keyAt, type Kind, kindOf } from "./Frame.ts"
import type { LogBytes } from "./LogBytes.ts"

/** A part of a log that does not have the bytes that were written. Unit: bytes. */
export interface Damage {
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

/** Shown a frame. The key starts at `key` in `keys`, a view that is gone after the call. Unit of the rest: bytes. */
export type Visit = (kind: Kind, keys: Uint8Array, key: number, offset: number, size: number) => void

export interface ScanVisitor {
  readonly frame: Visit
  /** A frame whose header is whole and whose payload is not. */
  readonly damagedFrame: Visit
  /** Bytes that are no frame, up to the next one or the end; a scan that goes on there may report some of them again. */
  readonly damagedBytes: (offset: number, bytes: number) => void
}

/** The offset of the next whole header at or behind `start`; without one, the first where one may still begin. */
const nextHeader = (bytes: LogBytes, start: number): number => {
  let at = start
  for (; at + headerBytes <= bytes.end; at++) {
    const index = bytes.locate(at, headerBytes, true)
    if (index >= 0 && isHeader(bytes.located, index)) return at
  }
  return at
}

/** Scans from `start` to the end of `bytes`. Returns where the next scan goes on. */
export const scan = (bytes: LogBytes, start: number, visitor: ScanVisitor): number => {
  for (let offset = start;;) {
    const header = bytes.locate(offset, headerBytes, true)
    if (header < 0) return offset
    if (!isHeader(bytes.located, header)) {
      const next = nextHeader(bytes, offset + 1)
      visitor.damagedBytes(offset, (next + headerBytes > bytes.end ? bytes.end : next) - offset)
      offset = next
      continue
    }
    const size = frameSize(bytes.located, header)
    const index = bytes.locate(offset, size, true)
    if (index < 0) return offset
    const frame = bytes.located
    const visit = isPayloadIntact(frame, index) ? visitor.frame : visitor.damagedFrame
    visit(kindOf(frame, index), frame, index + keyAt, offset, size)
    offset += size
  }
}
