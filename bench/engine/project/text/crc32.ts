/**
 * The cyclic redundancy check of a text: what every row body computes. The bench compares it with the one in Node's
 * zlib.
 */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** **Returns** 8 hex digits. `text` must be ASCII; `start` is the check of what came before, 0 for nothing. */
export const crc32 = (text: string, start: number): string => {
  let value = ~start
  for (let at = 0; at < text.length; at++) value = (value >>> 8) ^ table[(value ^ text.charCodeAt(at)) & 255]!
  return (~value >>> 0).toString(16).padStart(8, "0")
}
