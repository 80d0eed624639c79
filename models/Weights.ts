/**
 * The weights of one model as every part of the engine passes them around: a map from Hugging Face parameter names to
 * row-major float32 arrays. The arrays lie over SharedArrayBuffers, so a sampling worker and a training worker can read
 * one copy and an optimiser step is visible at the next forward pass. Which names a model has is `Llama.ts`' business,
 * reading and writing files that of `load/`.
 */

/** Parameters by Hugging Face name, row-major float32 (linears `[out, in]`), each over a SharedArrayBuffer. */
export type Weights = ReadonlyMap<string, Float32Array>

/** A zeroed float32 array of `length` elements over its own SharedArrayBuffer. */
export const sharedFloats = (length: number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT))
