/**
 * 16-bit floats to float32, exactly, and float32 to brain floats. Used by both file readers; half floats are written by
 * `safetensors.ts`, which has to refuse what does not fit them.
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

/** The brain floats nearest to `values`, ties to even; infinities and not-a-number stay what they are. */
export const narrowBf16 = (values: Float32Array): Uint16Array<ArrayBuffer> => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const narrow = new Uint16Array(values.length)
  for (let i = 0; i < bits.length; i++) {
    const whole = bits[i]!
    const nan = (whole & 0x7fffffff) > 0x7f800000
    narrow[i] = nan ? whole >>> 16 | 0x40 : (whole + 0x7fff + (whole >>> 16 & 1)) >>> 16
  }
  return narrow
}
