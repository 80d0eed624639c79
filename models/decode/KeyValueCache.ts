/**
 * Keys and values of the tokens so far, for a fixed number of rows of a fixed capacity, as the decode graph reads and
 * appends them. Here is all copying between prompts, rows and larger caches; when which is needed is `DecodeSession.ts`'
 * business.
 */
import type { Tensor } from "onnxruntime-node"
import type { LlamaConfig } from "../Llama.ts"
import { cacheNames } from "./decodeGraph.ts"

/** The cache rows of one sequence, by layer `[kvHeads, length, headDim]`. */
export interface CachedTokens {
  readonly length: number
  readonly keys: ReadonlyArray<Float32Array>
  readonly values: ReadonlyArray<Float32Array>
}

type Tensors = { readonly [name: string]: Tensor }

/** Inputs and outputs of a run, which are the same tensors: the graph appends in place. */
export interface CacheBinding {
  readonly feeds: Tensors
  readonly fetches: Tensors
}

export class KeyValueCache {
  readonly rows: number
  /** Tokens per row. */
  readonly capacity: number
  readonly #runtime: typeof import("onnxruntime-node")
  readonly #config: LlamaConfig
  /** By layer `[rows, kvHeads, capacity, headDim]`. */
  readonly #keys: ReadonlyArray<Float32Array>
  readonly #values: ReadonlyArray<Float32Array>
  readonly #bindings = new Map<number, CacheBinding>()

  /** Lies over `memory`, of `KeyValueCache.size` elements, if given. */
  constructor(
    runtime: typeof import("onnxruntime-node"),
    config: LlamaConfig,
    rows: number,
    capacity: number,
    memory: Float32Array = new Float32Array(KeyValueCache.size(config, rows, capacity))
  ) {
    this.#runtime = runtime
    this.#config = config
    this.rows = rows
    this.capacity = capacity
    const { layers } = config
    const size = KeyValueCache.size(config, rows, capacity) / (2 * layers)
    const part = (index: number) => memory.subarray(index * size, (index + 1) * size)
    this.#keys = Array.from({ length: layers }, (_, layer) => part(layer))
    this.#values = Array.from({ length: layers }, (_, layer) => part(layers + layer))
  }

  /** Elements of keys and values together. */
  static size({ headDim, kvHeads, layers }: LlamaConfig, rows: number, capacity: number): number {
    return 2 * layers * rows * kvHeads * capacity * headDim
  }

  /** What a run over the first `rows` rows is given. */
  bind(rows: number): CacheBinding {
    const known = this.#bindings.get(rows)
    if (known !== undefined) return known
    const { headDim, kvHeads } = this.#config
    const shape = [rows, kvHeads, this.capacity, headDim]
    const tensor = (all: Float32Array) =>
      new this.#runtime.Tensor("float32", all.subarray(0, rows * kvHeads * this.capacity * headDim), shape)
    const feeds: { [name: string]: Tensor } = {}
    const fetches: { [name: string]: Tensor } = {}
    for (let layer = 0; layer < this.#config.layers; layer++) {
      const names = cacheNames(layer)
      feeds[names.pastKey] = fetches[names.presentKey] = tensor(this.#keys[layer]!)
      feeds[names.pastValue] = fetches[names.presentValue] = tensor(this.#values[layer]!)
    }
    const binding = { feeds, fetches }
    this.#bindings.set(rows, binding)
    return binding
  }

  /** A copy of the first `length` tokens of `row`. */
  read(row: number, length: number): CachedTokens {
    const { headDim, kvHeads } = this.#config
    const copy = (all: Float32Array) => {
      const tokens = new Float32Array(kvHeads * length * headDim)
      for (let head = 0; head < kvHeads; head++) {
        const from = this.#at(row, head)
        tokens.set(all.subarray(from, from + length * headDim), head * length * headDim)
      }
      return tokens
    }
    return { length, keys: this.#keys.map(copy), values: this.#values.map(copy) }
  }

  /** Makes `tokens` the beginning of `row`. */
  write(row: number, tokens: CachedTokens): void {
    const { kvHeads } = this.#config
    const size = tokens.length * this.#config.headDim
    const copy = (from: ReadonlyArray<Float32Array>, into: ReadonlyArray<Float32Array>) =>
      into.forEach((all, layer) => {
        for (let head = 0; head < kvHeads; head++) {
          all.set(from[layer]!.subarray(head * size, (head + 1) * size), this.#at(row, head))
        }
      })
    copy(tokens.keys, this.#keys)
    copy(tokens.values, this.#values)
  }

  /** A cache of more tokens per row that holds what this one held. */
  grown(capacity: number): KeyValueCache {
    const larger = new KeyValueCache(this.#runtime, this.#config, this.rows, capacity)
    for (let row = 0; row < this.rows; row++) larger.write(row, this.read(row, this.capacity))
    return larger
  }

  #at(row: number, head: number): number {
    const { headDim, kvHeads } = this.#config
    return (row * kvHeads + head) * this.capacity * headDim
  }
}
