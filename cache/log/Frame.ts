/**
 * The frames of a log: how one record lies in a file. The header has a check of its own, so that a cut tail (a writer was
 * killed, or is writing now) and a flipped bit are told apart: a wrong length cannot pass for a tail, and behind a
 * damaged frame the next whole header is found again. What keys and payloads mean is decided above.
 *
 *     [header crc32 u32][payload length u32][payload crc32 u32][kind u8][key 32 bytes][payload]     little-endian
 */
import { crc32 } from "./crc32.ts"

/** Bytes before the payload. */
export const headerBytes = 45
/** Bytes of a key. */
export const keyBytes = 32
/** Where the key starts in a frame. */
export const keyAt = 13

const lengthAt = 4
const payloadCrcAt = 8
const kindAt = 12

/**
 * What a frame says. Row logs hold results, failed attempts, and results that stand instead of an earlier one; journals
 * hold blobs, actions, and actions that stand instead of an earlier one. `origin` opens a log that was merged from
 * others and names them.
 */
export const Kind = {
  result: 1,
  failure: 2,
  replacement: 3,
  blob: 4,
  action: 5,
  actionReplacement: 6,
  origin: 7
} as const
export type Kind = typeof Kind[keyof typeof Kind]

const isKind = (value: number): value is Kind => value >= Kind.result && value <= Kind.origin

const readWord = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0

const writeWord = (bytes: Uint8Array, at: number, word: number): void => {
  bytes[at] = word
  bytes[at + 1] = word >>> 8
  bytes[at + 2] = word >>> 16
  bytes[at + 3] = word >>> 24
}

/** Writes a header at `at`. The key starts at `key` in `keys`. */
export const writeHeader = (
  frame: Uint8Array,
  at: number,
  kind: Kind,
  keys: Uint8Array,
  key: number,
  payload: Uint8Array
): void => {
  writeWord(frame, at + lengthAt, payload.length)
  writeWord(frame, at + payloadCrcAt, crc32(payload, 0, payload.length))
  frame[at + kindAt] = kind
  for (let i = 0; i < keyBytes; i++) frame[at + keyAt + i] = keys[key + i]!
  writeWord(frame, at, crc32(frame, at + lengthAt, at + headerBytes))
}

/** One frame. `key` is 64 hex characters. */
export const encodeFrame = (kind: Kind, key: string, payload: Uint8Array): Buffer => {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length)
  writeHeader(frame, 0, kind, Buffer.from(key, "hex"), 0, payload)
  frame.set(payload, headerBytes)
  return frame
}

/** Whether the header that starts at `at` is one, whole and undamaged. */
export const isHeader = (bytes: Uint8Array, at: number): boolean =>
  isKind(bytes[at + kindAt]!) && readWord(bytes, at) === crc32(bytes, at + lengthAt, at + headerBytes)

/** The kind in a header that was checked. */
export const kindOf = (bytes: Uint8Array, at: number): Kind => bytes[at + kindAt] as Kind

/** Bytes of the frame whose header starts at `at`, its header included. */
export const frameSize = (bytes: Uint8Array, at: number): number => headerBytes + readWord(bytes, at + lengthAt)

/** Whether the payload of the whole frame at `at` is the one that was written. */
export const isPayloadIntact = (bytes: Uint8Array, at: number): boolean =>
  readWord(bytes, at + payloadCrcAt) === crc32(bytes, at + headerBytes, at + frameSize(bytes, at))
