/**
 * Keys and values of the tokens so far, for a fixed number of rows. The decode graph reads them and returns those of
 * the new tokens, which are written here: onnxruntime's Node binding copies whatever a graph returns, so a graph that
 * returned whole caches would copy them at every step. When tokens are written or moved is `DecodeSession.ts`'
 * business.
 */
import type { Tensor } from "onnxruntime-node"
import type { LlamaConfig } from "../Llama.ts"
import { availableMemory, requireMemory } from "../memory.ts"
import { cacheNames } from "./decodeGraph.ts"

/** Keys and values of consecutive tokens: `[2 · layers, length, kvHeads, headDim]`, by layer keys, then values. */
export interface CachedTokens {
  readonly length: number
  readonly data: Float32Array
}

/** Capacities are multiples of this. The graph touches all of it, so it follows the longest sequence closely. */
const capacityStep = 16

/** Caches above this size are allocated only when there is as much free memory. */
const checkedBytes = 1 << 28

export class KeyValueCache {
  readonly rows: number
  readonly #runtime: typeof import("onnxruntime-node")
  readonly #config: LlamaConfig
  /** By layer, keys then values: `[rows, kvHeads, capacity, headDim]`, then space for `#reserved` tokens a row. */
  #arrays: ReadonlyArray<Float32Array>
  #capacity = capacityStep
  #reserved = capacityStep
  readonly #feeds = new Map<number, { readonly [name: string]: Tensor }>()

  constructor(runtime: typeof import("onnxruntime-node"), config: LlamaConfig, rows: number) {
    this.#runtime = runtime
    this.#config = config
    this.rows = rows
    this.#arrays = this.#allocate(this.#reserved)
  }

  /** Tokens per row. */
  get capacity(): number {
    return this.#capacity
  }

  /**
   * Makes room for `tokens` in every row, and gives back room when much more was needed before.
   *
   * **Fails**: throws `NotEnoughMemory` when a large cache would not fit.
   */
  fit(tokens: number): void {
    const capacity = Math.ceil(tokens / capacityStep) * capacityStep
    if (capacity <= this.#capacity && this.#capacity <= 2 * capacity + capacityStep) return
    const bytes = this.#bytes(capacity)
    if (bytes > checkedBytes) {
      const what = `a cache for ${this.rows} sequences of ${tokens} tokens`
      requireMemory(what, { cache: bytes }, availableMemory(), "take a smaller width, or ask for fewer tokens")
    }
    const grows = capacity > this.#capacity
    const before = this.#arrays
    if (!grows || capacity > this.#reserved) {
      // to reserve twice as much costs nothing until it is touched, and makes growing four times as cheap
      this.#reserved = grows && bytes <= checkedBytes ? 2 * capacity : capacity
      this.#arrays = this.#allocate(this.#reserved)
    }
    this.#spread(before, capacity)
    this.#capacity = capacity
    this.#feeds.clear()
  }

  /** Copies what every row has in `before` to where it lies at `capacity`; `before` may be the arrays themselves. */
  #spread(before: ReadonlyArray<Float32Array>, capacity: number): void {
    const { headDim, kvHeads } = this.#config
    const kept = Math.min(capacity, this.#capacity) * headDim
    this.#arrays.forEach((into, i) => {
      const from = before[i]!
      // from the end, since in the same array everything moves backwards into what has been moved
      for (let place = this.rows * kvHeads - 1; place >= 0; place--) {
        const start = place * this.#capacity * headDim
        into.set(from.subarray(start, start + kept), place * capacity * headDim)
      }
    })
  }

  #bytes(capacity: number): number {
    const { headDim, kvHeads, layers } = this.#config
    return 2 * layers * this.rows * kvHeads * capacity * headDim * Float32Array.BYTES_PER_ELEMENT
  }

  /** The inputs of a run over the first `rows` rows. */
  feeds(rows: number): { readonly [name: string]: Tensor } {
    const known = this.#feeds.get(rows)
    if (known !== undefined) return known
    const { headDim, kvHeads, layers } = this.#config
    const shape = [rows, kvHeads, this.#capacity, headDim]
    const size = shape.reduce((a, b) => a * b, 1)
    const tensor = (all: Float32Array) => new this.#runtime.Tensor("float32", all.subarray(0, size), shape)
    const feeds: { [name: string]: Tensor } = {}
    for (let layer = 0; layer < layers; layer++) {
      const names = cacheNames(layer)
      feeds[names.keys] = tensor(this.#arrays[2 * layer]!)
      feeds[names.values] = tensor(this.#arrays[2 * layer + 1]!)
    }
    this.#feeds.set(rows, feeds)
    return feeds
  }

  /** Puts `length` of `tokens`, from number `first` on, at position `at` of `row`. There must be room. */
  write(row: number, at: number, tokens: CachedTokens, first = 0, length = tokens.length): void {
    const { headDim, kvHeads, layers } = this.#config
    const { data } = tokens
    for (let i = 0; i < 2 * layers; i++) {
      const into = this.#arrays[i]!
      for (let token = 0; token < length; token++) {
        for (let head = 0; head < kvHeads; head++) {
          const start = ((i * tokens.length + first + token) * kvHeads + head) * headDim
          const to = ((row * kvHeads + head) * this.#capacity + at + token) * headDim
          // a loop, because making a view for a copy this short costs more than the copy
          for (let j = 0; j < headDim; j++) into[to + j] = data[start + j]!
        }
      }
    }
  }

  /** Copies the first `length` tokens of row `from` to row `to`. */
  move(from: number, to: number, length: number): void {
    const { headDim, kvHeads } = this.#config
    for (const all of this.#arrays) {
      for (let head = 0; head < kvHeads; head++) {
        const start = (from * kvHeads + head) * this.#capacity * headDim
        all.copyWithin((to * kvHeads + head) * this.#capacity * headDim, start, start + length * headDim)
      }
    }
  }

  #allocate(capacity: number): ReadonlyArray<Float32Array> {
    const { headDim, kvHeads, layers } = this.#config
    const size = this.rows * kvHeads * capacity * headDim
    return Array.from({ length: 2 * layers }, () => new Float32Array(size))
  }
}
