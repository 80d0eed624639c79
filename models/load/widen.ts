/**
 * 16-bit floats to float32, exactly. Used by both file readers; float32 to 16 bits is `safetensors.ts`' business.
 */

/** Writes the brain floats in `from` (their upper 16 bits of a float32) to `to`, same length. */
export const widenBf16 = (from: Uint16Array, to: Float32Array): void => {
  const bits = new Uint32Array(to.buffer, to.byteOffset, to.length)
  for (let i = 0; i < from.length; i++) bits[i] = from[i]! << 16
}

/** Writes the IEEE half floats in `from` to `to`, same length. */
export const widenF16 = (from: Uint16Array, to: Float32Array): void => {
  const halves = new Float16Array(from.buffer, from.byteOffset, from.length)
  for (let i = 0; i < halves.length; i++) to[i] = halves[i]!
}
