/**
 * The weights of one model as every part of the engine passes them around: a map from Hugging Face parameter names to
 * row-major float32 arrays. The arrays lie over SharedArrayBuffers, so a sampling worker and a training worker can read
 * one copy and an optimiser step is visible at the next forward pass. Which names a model has is `Llama.ts`' business,
 * reading and writing files that of `load/`.
 */

/**
 * Parameters by Hugging Face name, row-major float32 (linears `[out, in]`), over SharedArrayBuffers. Several may be
 * views of one buffer: mind `byteOffset`.
 */
export type Weights = ReadonlyMap<string, Float32Array>

/** A zeroed float32 array of `length` elements over its own SharedArrayBuffer. */
export const sharedFloats = (length: number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT))

/** Where a parameter begins is aligned to this many elements (a cache line). */
const alignment = 16

/**
 * Zeroed arrays for parameters of these shapes, views of one SharedArrayBuffer: a large allocation goes back to the
 * operating system when it is freed, hundreds of middling ones do not.
 */
export const allocateWeights = (shapes: ReadonlyMap<string, ReadonlyArray<number>>): Weights => {
  const places = new Map<string, readonly [start: number, length: number]>()
  let total = 0
  for (const [name, shape] of shapes) {
    const length = shape.reduce((a, b) => a * b, 1)
    places.set(name, [total, length])
    total += Math.ceil(length / alignment) * alignment
  }
  const buffer = sharedFloats(total)
  return new Map(Array.from(places, ([name, [start, length]]) => [name, buffer.subarray(start, start + length)]))
}
