/**
 * CRC-32 of a part of some bytes. A call into native code costs more than summing a frame's header here, and less than
 * summing a long payload, so short parts stay in JavaScript.
 */
import { crc32 as nativeCrc32 } from "node:zlib"

/** From this many bytes on the native function is faster, measured. */
const nativeFrom = 256

/** Eight tables of 256: the remainder of a byte with 0 to 7 zero bytes behind it (slicing-by-8). */
const tables = (() => {
  const made = new Uint32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte
    for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
    made[byte] = rest
  }
  for (let at = 256; at < made.length; at++) made[at] = (made[at - 256]! >>> 8) ^ made[made[at - 256]! & 255]!
  return made
})()

const shortCrc32 = (bytes: Uint8Array, from: number, to: number): number => {
  let crc = ~0
  let at = from
  for (; at + 8 <= to; at += 8) {
    crc ^= bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24
    crc = tables[1792 + (crc & 255)]! ^ tables[1536 + (crc >>> 8 & 255)]! ^
      tables[1280 + (crc >>> 16 & 255)]! ^ tables[1024 + (crc >>> 24)]! ^
      tables[768 + bytes[at + 4]!]! ^ tables[512 + bytes[at + 5]!]! ^
      tables[256 + bytes[at + 6]!]! ^ tables[bytes[at + 7]!]!
  }
  for (; at < to; at++) crc = crc >>> 8 ^ tables[(crc ^ bytes[at]!) & 255]!
  return ~crc >>> 0
}

/** CRC-32 (IEEE 802.3) of `bytes[from, to)`, unsigned. */
export const crc32 = (bytes: Uint8Array, from: number, to: number): number =>
  to - from < nativeFrom ? shortCrc32(bytes, from, to) : nativeCrc32(bytes.subarray(from, to))
