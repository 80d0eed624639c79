/**
 * Tensor formats of GGUF files to float32: F32, F16, BF16, Q8_0, Q4_0 and Q4_1, bit-equal to the reference in
 * llama.cpp's `gguf-py`. Blocks hold 32 values. Where the bytes lie in a file is `gguf.ts`' business.
 *
 * **Source**: `dequantize_row_q8_0`, `dequantize_row_q4_0` and `dequantize_row_q4_1` in `ggml/src/ggml-quants.c` of
 * llama.cpp.
 */
import { widenBf16, widenF16 } from "./widen.ts"

/** A format: how many values one block of how many bytes holds, and how to widen blocks. */
export interface TensorFormat {
  readonly name: string
  readonly blockValues: number
  readonly blockBytes: number
  readonly widen: (from: Uint8Array, to: Float32Array) => void
}

const half = new Float16Array(1)
const halfBits = new Uint16Array(half.buffer)
const halfAt = (from: Uint8Array, offset: number): number => {
  halfBits[0] = from[offset]! | from[offset + 1]! << 8
  return half[0]!
}

/** Blocks of a half-float scale and 32 signed bytes. */
const widenQ8 = (from: Uint8Array, to: Float32Array): void => {
  const signed = new Int8Array(from.buffer, from.byteOffset, from.length)
  for (let block = 0, at = 0; block < to.length; block += 32, at += 34) {
    const scale = halfAt(from, at)
    for (let i = 0; i < 32; i++) to[block + i] = scale * signed[at + 2 + i]!
  }
}

/** Blocks of a half-float scale and 32 nibbles, the lower ones first, 8 meaning zero. */
const widenQ40 = (from: Uint8Array, to: Float32Array): void => {
  for (let block = 0, at = 0; block < to.length; block += 32, at += 18) {
    const scale = halfAt(from, at)
    for (let i = 0; i < 16; i++) {
      const pair = from[at + 2 + i]!
      to[block + i] = scale * ((pair & 15) - 8)
      to[block + 16 + i] = scale * ((pair >> 4) - 8)
    }
  }
}

/** Blocks of a half-float scale, a half-float minimum and 32 nibbles, the lower ones first. */
const widenQ41 = (from: Uint8Array, to: Float32Array): void => {
  for (let block = 0, at = 0; block < to.length; block += 32, at += 20) {
    const scale = halfAt(from, at)
    const minimum = halfAt(from, at + 2)
    for (let i = 0; i < 16; i++) {
      const pair = from[at + 4 + i]!
      // a product of 11 and 4 bits is exact, so only the sum is rounded, as in the reference
      to[block + i] = scale * (pair & 15) + minimum
      to[block + 16 + i] = scale * (pair >> 4) + minimum
    }
  }
}

const shorts = (bytes: Uint8Array) => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)

/** The readable formats by the type number a GGUF file states. */
export const tensorFormats: ReadonlyMap<number, TensorFormat> = new Map<number, TensorFormat>([
  [0, {
    name: "F32",
    blockValues: 1,
    blockBytes: 4,
    widen: (from, to) => to.set(new Float32Array(from.buffer, from.byteOffset, to.length))
  }],
  [1, { name: "F16", blockValues: 1, blockBytes: 2, widen: (from, to) => widenF16(shorts(from), to) }],
  [2, { name: "Q4_0", blockValues: 32, blockBytes: 18, widen: widenQ40 }],
  [3, { name: "Q4_1", blockValues: 32, blockBytes: 20, widen: widenQ41 }],
  [8, { name: "Q8_0", blockValues: 32, blockBytes: 34, widen: widenQ8 }],
  [30, { name: "BF16", blockValues: 1, blockBytes: 2, widen: (from, to) => widenBf16(shorts(from), to) }]
])
