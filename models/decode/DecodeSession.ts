/**
 * Runs prefills and steps of one model: the onnxruntime session, the key-value cache of a fixed number of slots, and the
 * copying between them. It computes logits for slots and knows nothing of requests; which prompt sits in which slot and
 * what is sampled is `../sample/Decoder.ts`' business.
 *
 * Bit for bit, a row's result depends neither on its place, nor on what lies in other rows, nor on their number, as long
 * as there are two (a product with a single row takes another kernel), so no run here has fewer. With shared weights and
 * several threads the number of rows decides how onnxruntime divides a product and so the order of its sums; there a
 * prefill takes one prompt at a time, and results belong to a `width` and a number of `threads`.
 */
import type { InferenceSession, Tensor } from "onnxruntime-node"
import { type LlamaConfig, parameterShapes, ropeTables } from "../Llama.ts"
import type { Weights } from "../Weights.ts"
import { cacheNames, decodeGraph } from "./decodeGraph.ts"

/** A prompt after prefill: its cache rows, by layer `[kvHeads, length, headDim]`, and the logits of the next token. */
export interface Prefilled {
  readonly length: number
  readonly keys: ReadonlyArray<Float32Array>
  readonly values: ReadonlyArray<Float32Array>
  readonly logits: Float32Array
}

export interface DecodeOptions {
  readonly config: LlamaConfig
  readonly weights: Weights
  /** Number of slots. */
  readonly width: number
  readonly threads: number
  /**
   * `"shared"`: every run reads the arrays in `weights`, so it sees what training wrote there. `"packed"`: the session
   * has its own copy in the order its kernels like, about a third faster, and `weights` is not needed after opening.
   */
  readonly parameters: "shared" | "packed"
}

/** The smallest cache; it doubles when a sequence outgrows it. */
const firstCapacity = 64
/** Padded tokens in one prefill of several prompts. */
const prefillTokens = 256

type Runtime = typeof import("onnxruntime-node")
type Tensors = { readonly [name: string]: Tensor }

interface Caches {
  readonly keys: ReadonlyArray<Float32Array>
  readonly values: ReadonlyArray<Float32Array>
  /** One tensor is input and output of the operator that appends in place. */
  readonly feeds: Tensors
  readonly fetches: Tensors
}

export class DecodeSession {
  readonly config: LlamaConfig
  readonly width: number
  /** Rows of a step: the slots, and one more when there is only one. */
  readonly rows: number
  /** Logits of the last step, `(rows, vocab)`. */
  readonly logits: Float32Array
  readonly #runtime: Runtime
  readonly #session: InferenceSession
  readonly #parameters: Tensors
  readonly #batchesPrefills: boolean
  readonly #ids: BigInt64Array
  readonly #positions: BigInt64Array
  readonly #last: Int32Array
  readonly #total = new Int32Array(1)
  readonly #stepFeeds: Tensors
  #scratch = new Float32Array(0)
  #capacity = 0
  #caches: Caches | undefined
  #tables: { readonly length: number; readonly feeds: Tensors } | undefined

  private constructor(options: DecodeOptions, runtime: Runtime, session: InferenceSession, parameters: Tensors) {
    this.config = options.config
    this.width = options.width
    this.rows = Math.max(2, options.width)
    this.#runtime = runtime
    this.#session = session
    this.#parameters = parameters
    this.#batchesPrefills = options.parameters === "packed" || options.threads === 1
    this.logits = new Float32Array(this.rows * options.config.vocab)
    this.#ids = new BigInt64Array(this.rows)
    this.#positions = new BigInt64Array(this.rows)
    this.#last = new Int32Array(this.rows)
    this.#stepFeeds = {
      ...parameters,
      ids: new runtime.Tensor("int64", this.#ids, [this.rows, 1]),
      positions: new runtime.Tensor("int64", this.#positions, [this.rows, 1]),
      last: new runtime.Tensor("int32", this.#last, [this.rows]),
      total: new runtime.Tensor("int32", this.#total, [1]),
      unfolded: integers(runtime, [this.rows, 1, -1]),
      places: integers(runtime, Array.from({ length: this.rows }, (_, row) => row))
    }
  }

  /** Builds the graph and its session. **Fails**: rejects when onnxruntime cannot be loaded. */
  static async open(options: DecodeOptions): Promise<DecodeSession> {
    const runtime = await import("onnxruntime-node")
    const packed = options.parameters === "packed"
    const shapes = parameterShapes(options.config)
    const externalData = [...shapes.keys()].map((name) => ({ path: name, data: bytesOf(options.weights.get(name)!) }))
    const graph = decodeGraph(options.config, packed ? "constants" : "inputs")
    const session = await runtime.InferenceSession.create(graph.encode(), {
      executionProviders: ["cpu"],
      intraOpNumThreads: options.threads,
      interOpNumThreads: 1,
      enableMemPattern: false,
      logSeverityLevel: 3,
      ...(packed ? { externalData } : {}),
      // threads of a spinning pool would burn the cores that other workers need
      extra: { session: { intra_op: { allow_spinning: "0" } } }
    })
    const parameters: { [name: string]: Tensor } = {}
    if (!packed) {
      for (const [name, shape] of shapes) {
        parameters[name] = new runtime.Tensor("float32", options.weights.get(name)!, shape)
      }
    }
    return new DecodeSession(options, runtime, session, parameters)
  }

  /** Most prompts that `prefill` takes at once when the longest has `length` tokens. */
  prefillRows(length: number): number {
    return this.#batchesPrefills ? Math.max(1, Math.floor(prefillTokens / length)) : 1
  }

  /** Caches and next-token logits of prompts, at most `prefillRows` of the longest's length. */
  async prefill(prompts: ReadonlyArray<ReadonlyArray<number>>): Promise<ReadonlyArray<Prefilled>> {
    const { vocab } = this.config
    // a single token would be taken for a step
    const length = prompts.reduce((longest, prompt) => Math.max(longest, prompt.length), 2)
    const rows = prompts.length
    const ids = new BigInt64Array(rows * length)
    const last = new Int32Array(rows)
    const places = new Array<number>(Math.max(2, rows)).fill(0)
    prompts.forEach((prompt, row) => {
      for (let i = 0; i < prompt.length; i++) ids[row * length + i] = BigInt(prompt[i]!)
      last[row] = prompt.length - 1
      places[row] = row * length + prompt.length - 1
    })
    const { Tensor } = this.#runtime
    const caches = this.#cachesOf(rows, length, this.#scratchFor(rows, length))
    const positions = BigInt64Array.from({ length: rows * length }, (_, i) => BigInt(i % length))
    const outputs = await this.#session.run({
      ...this.#parameters,
      ...this.#rotary(length),
      ...caches.feeds,
      ids: new Tensor("int64", ids, [rows, length]),
      positions: new Tensor("int64", positions, [rows, length]),
      unfolded: integers(this.#runtime, [rows, length, -1]),
      last: new Tensor("int32", last, [rows]),
      total: new Tensor("int32", Int32Array.of(length), [1]),
      places: integers(this.#runtime, places)
    }, { ...caches.fetches, logits: null })
    const logits = (outputs["logits"] as Tensor).data as Float32Array
    return prompts.map((prompt, row) => ({
      length: prompt.length,
      keys: caches.keys.map((all) => this.#cut(all, row, length, prompt.length)),
      values: caches.values.map((all) => this.#cut(all, row, length, prompt.length)),
      logits: logits.slice(row * vocab, (row + 1) * vocab)
    }))
  }

  /** Puts a prompt into `slot`, replacing what was there. */
  load(slot: number, prompt: Prefilled): void {
    const { headDim, kvHeads } = this.config
    const { keys, values } = this.#grown(prompt.length + 1)
    const size = prompt.length * headDim
    for (const [into, from] of [[keys, prompt.keys], [values, prompt.values]] as const) {
      into.forEach((cache, layer) => {
        for (let head = 0; head < kvHeads; head++) {
          const part = from[layer]!.subarray(head * size, (head + 1) * size)
          cache.set(part, (slot * kvHeads + head) * this.#capacity * headDim)
        }
      })
    }
  }

  /**
   * Appends `ids[slot]` at position `positions[slot]` of each slot and computes `logits`. Unused slots take any id at
   * position 0; what they compute is not looked at.
   */
  async step(ids: ArrayLike<number>, positions: ArrayLike<number>): Promise<void> {
    // a total equal to the length of the step would mean a first prompt, and the cache would be ignored
    let total = 2
    for (let row = 0; row < this.rows; row++) {
      const position = positions[row] ?? 0
      this.#ids[row] = BigInt(ids[row] ?? 0)
      this.#positions[row] = BigInt(position)
      this.#last[row] = position
      total = Math.max(total, position + 1)
    }
    this.#total[0] = total
    const caches = this.#grown(total)
    await this.#session.run({ ...this.#stepFeeds, ...this.#rotary(this.#capacity), ...caches.feeds }, caches.fetches)
  }

  /** Frees the session; nothing may be called afterwards. */
  async release(): Promise<void> {
    this.#caches = undefined
    await this.#session.release()
  }

  /** Rotary tables of at least `length` positions. */
  #rotary(length: number): Tensors {
    if (this.#tables !== undefined && this.#tables.length >= length) return this.#tables.feeds
    const tables = ropeTables(this.config, length)
    const shape = [length, this.config.headDim / 2]
    const { Tensor } = this.#runtime
    const feeds = { cos: new Tensor("float32", tables.cos, shape), sin: new Tensor("float32", tables.sin, shape) }
    this.#tables = { length, feeds }
    return feeds
  }

  /** The first `length` tokens of one row of a prefill's cache. */
  #cut(all: Float32Array, row: number, padded: number, length: number): Float32Array {
    const { headDim, kvHeads } = this.config
    const cut = new Float32Array(kvHeads * length * headDim)
    for (let head = 0; head < kvHeads; head++) {
      const from = (row * kvHeads + head) * padded * headDim
      cut.set(all.subarray(from, from + length * headDim), head * length * headDim)
    }
    return cut
  }

  /** One buffer that all prefills write their caches to. */
  #scratchFor(rows: number, length: number): Float32Array {
    const { headDim, kvHeads, layers } = this.config
    const size = 2 * layers * rows * kvHeads * length * headDim
    if (this.#scratch.length < size) this.#scratch = new Float32Array(size)
    return this.#scratch
  }

  #cachesOf(rows: number, capacity: number, buffer: Float32Array): Caches {
    const { headDim, kvHeads, layers } = this.config
    const size = rows * kvHeads * capacity * headDim
    const part = (index: number) => buffer.subarray(index * size, (index + 1) * size)
    const keys = Array.from({ length: layers }, (_, layer) => part(layer))
    const values = Array.from({ length: layers }, (_, layer) => part(layers + layer))
    const feeds: { [name: string]: Tensor } = {}
    const fetches: { [name: string]: Tensor } = {}
    const shape = [rows, kvHeads, capacity, headDim]
    for (let layer = 0; layer < layers; layer++) {
      const names = cacheNames(layer)
      feeds[names.pastKey] = fetches[names.presentKey] = new this.#runtime.Tensor("float32", keys[layer]!, shape)
      feeds[names.pastValue] = fetches[names.presentValue] = new this.#runtime.Tensor("float32", values[layer]!, shape)
    }
    return { keys, values, feeds, fetches }
  }

  /** The slots' caches with room for at least `tokens`; larger ones take over what smaller ones held. */
  #grown(tokens: number): Caches {
    const old = this.#caches
    if (old !== undefined && this.#capacity >= tokens) return old
    const { headDim, kvHeads, layers, vocab } = this.config
    let capacity = Math.max(this.#capacity, firstCapacity)
    while (capacity < tokens) capacity *= 2
    const caches = this.#cachesOf(this.rows, capacity, new Float32Array(2 * layers * this.rows * kvHeads * capacity * headDim))
    if (old !== undefined) {
      for (const [into, from] of [[caches.keys, old.keys], [caches.values, old.values]] as const) {
        into.forEach((cache, layer) => spread(from[layer]!, cache, this.#capacity * headDim, capacity * headDim))
      }
    }
    const logits = new this.#runtime.Tensor("float32", this.logits, [this.rows, vocab])
    this.#capacity = capacity
    return this.#caches = { ...caches, fetches: { ...caches.fetches, logits } }
  }
}

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

const integers = (runtime: Runtime, values: ReadonlyArray<number>): Tensor =>
  new runtime.Tensor("int64", BigInt64Array.from(values, BigInt), [values.length])

/** Copies rows of `from`, each `narrow` long, to the beginnings of rows of `to`, each `wide` long. */
const spread = (from: Float32Array, to: Float32Array, narrow: number, wide: number): void => {
  for (let row = 0; row * narrow < from.length; row++) {
    to.set(from.subarray(row * narrow, (row + 1) * narrow), row * wide)
  }
}
