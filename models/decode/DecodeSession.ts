/**
 * Runs prefills and steps of one model: the onnxruntime session, the cache of a fixed number of slots, and the tensors
 * around them. It computes what may follow in each slot and knows nothing of requests; which prompt sits in which slot
 * and what is sampled is `../sample/Decoder.ts`' business.
 *
 * Bit for bit, a row's result depends neither on its place, nor on what lies in other rows, nor on their number, as
 * long as there are two (a product with a single row takes another kernel), so no run here has fewer. With shared
 * weights and several threads, though, the number of rows decides how onnxruntime divides a product and so the order of
 * its sums: there (`rowsMatter`) every step runs all rows and a prefill takes one prompt, and results belong to a
 * `width` and a number of `threads`.
 */
import type { InferenceSession, OnnxValue, Tensor } from "onnxruntime-node"
import { embeddingName, type LlamaConfig, parameterShapes, ropeTables } from "../Llama.ts"
import { loadRuntime, type OnnxRuntime, openSession } from "../onnx/openSession.ts"
import type { Weights } from "../Weights.ts"
import { decodeGraph, quantisedMatrices, quantisedNames } from "./decodeGraph.ts"
import { type CachedTokens, KeyValueCache } from "./KeyValueCache.ts"
import { joined, quantise } from "./quantise.ts"

/** A prompt after prefill: its cache rows, and the logits of the token that follows. */
export interface Prefilled {
  readonly tokens: CachedTokens
  readonly logits: Float32Array
}

/** What may follow one row. */
export interface Successors {
  /** The likeliest token, the first of equals. */
  readonly likeliest: number
  /** Its log-probability under the model's own distribution; not that of a distribution when the logits are not finite. */
  readonly logprob: number
  /** Probabilities of all tokens at the temperature asked for, up to a common factor; none are known at 0. */
  readonly probabilities: Float32Array | undefined
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
  /** Of packed weights. `"int8"`: a quarter of the memory to read per token, with other results. Default: `"f32"`. */
  readonly precision?: Precision
}

/** Number format of a decoder's weights. */
export type Precision = "f32" | "int8"

/** Padded tokens in one prefill of several prompts. */
const prefillTokens = 256

/** One over the lowest temperature that makes a difference; a multiple of 0 must stay 0. */
const sharpest = 1e30

// what is not fetched is not copied
const prefillFetches = { logits: null, cache: null }
const stepFetches = { likeliest: null, logprobs: null, cache: null }
const drawFetches = { ...stepFetches, probabilities: null }

type Tensors = { readonly [name: string]: Tensor }

export class DecodeSession {
  readonly config: LlamaConfig
  /** Results depend on the number of rows in a run. */
  readonly rowsMatter: boolean
  readonly #runtime: OnnxRuntime
  readonly #session: InferenceSession
  readonly #parameters: Tensors
  readonly #ids: BigInt64Array
  readonly #positions: BigInt64Array
  readonly #last: Int32Array
  readonly #total = new Int32Array(1)
  readonly #stepFeeds = new Map<number, Tensors>()
  readonly #cache: KeyValueCache
  #tables: { readonly length: number; readonly feeds: Tensors } | undefined

  private constructor(options: DecodeOptions, runtime: OnnxRuntime, session: InferenceSession, parameters: Tensors) {
    const rows = Math.max(2, options.width)
    this.config = options.config
    this.rowsMatter = options.parameters === "shared" && options.threads > 1
    this.#runtime = runtime
    this.#session = session
    this.#parameters = parameters
    this.#ids = new BigInt64Array(rows)
    this.#positions = new BigInt64Array(rows)
    this.#last = new Int32Array(rows)
    this.#cache = new KeyValueCache(runtime, options.config, rows)
  }

  /** Builds the graph and its session. **Fails**: rejects when onnxruntime cannot be loaded. */
  static async open(options: DecodeOptions): Promise<DecodeSession> {
    const runtime = await loadRuntime()
    const packed = options.parameters === "packed"
    const int8 = options.precision === "int8"
    if (int8 && !packed) throw new RangeError("int8 weights are packed ones; shared weights are float32")
    const shapes = parameterShapes(options.config)
    const graph = decodeGraph(options.config, int8 ? "int8" : packed ? "constants" : "inputs")
    const session = await openSession(graph.encode(), {
      threads: options.threads,
      arena: true,
      optimisation: "all",
      ...(packed ? { constants: constants(options, int8) } : {})
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
    return this.rowsMatter ? 1 : Math.max(1, Math.floor(prefillTokens / length))
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
    // an empty past, which the graph does not read
    const cache = new KeyValueCache(this.#runtime, this.config, rows)
    const positions = BigInt64Array.from({ length: rows * length }, (_, i) => BigInt(i % length))
    const outputs = await this.#session.run({
      ...this.#parameters,
      ...this.#rotary(length),
      ...cache.feeds(rows),
      ids: new Tensor("int64", ids, [rows, length]),
      positions: new Tensor("int64", positions, [rows, length]),
      last: new Tensor("int32", last, [rows]),
      total: new Tensor("int32", Int32Array.of(length), [1]),
      places: integers(this.#runtime, places),
      ...this.#draws([])
    }, prefillFetches)
    const logits = floats(outputs["logits"])
    const tokens = { length: rows * length, data: floats(outputs["cache"]) }
    return prompts.map((prompt, row) => ({
      tokens: this.#cut(tokens, row * length, prompt.length),
      logits: logits.slice(row * vocab, (row + 1) * vocab)
    }))
  }

  /** Puts a prompt into `slot`, replacing what was there. */
  load(slot: number, { tokens }: Prefilled): void {
    if (this.#cache.capacity < tokens.length) this.#cache.fit(tokens.length)
    this.#cache.write(slot, 0, tokens)
  }

  /** Puts the first `length` tokens of slot `from` into slot `to`, replacing what was there. */
  move(from: number, to: number, length: number): void {
    this.#cache.move(from, to, length)
  }

  /**
   * Appends `ids[slot]` at position `positions[slot]` of each of the first `ids.length` slots and returns what may
   * follow each, at its temperature. Unused slots among them take any id at position 0; what they compute is not looked
   * at.
   */
  async step(
    ids: ReadonlyArray<number>,
    positions: ReadonlyArray<number>,
    temperatures: ReadonlyArray<number>
  ): Promise<ReadonlyArray<Successors>> {
    const rows = this.rowsMatter ? this.#ids.length : Math.max(2, ids.length)
    // a total equal to the length of the step would mean a first prompt, and the cache would be ignored
    let total = 2
    for (let row = 0; row < rows; row++) {
      const position = positions[row] ?? 0
      this.#ids[row] = BigInt(ids[row] ?? 0)
      this.#positions[row] = BigInt(position)
      this.#last[row] = position
      total = Math.max(total, position + 1)
    }
    this.#total[0] = total
    this.#cache.fit(total)
    const drawn = temperatures.flatMap((temperature, row) => temperature > 0 ? [row] : [])
    const outputs = await this.#session.run({
      ...this.#parameters,
      ...this.#rotary(this.#cache.capacity),
      ...this.#cache.feeds(rows),
      ...this.#feedsOf(rows),
      ...this.#draws(drawn, temperatures)
    }, drawn.length > 0 ? drawFetches : stepFetches)
    const tokens = { length: rows, data: floats(outputs["cache"]) }
    for (let row = 0; row < ids.length; row++) this.#cache.write(row, positions[row]!, tokens, row, 1)
    const likeliest = (outputs["likeliest"] as Tensor).data as BigInt64Array
    const logprobs = floats(outputs["logprobs"])
    const { vocab } = this.config
    const places = new Map(drawn.map((row, place) => [row, place]))
    return ids.map((_, row) => {
      const place = places.get(row)
      return {
        likeliest: Number(likeliest[row]),
        logprob: logprobs[row]!,
        probabilities: place === undefined
          ? undefined
          : floats(outputs["probabilities"]).subarray(place * vocab, (place + 1) * vocab)
      }
    })
  }

  /** Frees the session; nothing may be called afterwards. */
  async release(): Promise<void> {
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

  /** A copy of `length` of `tokens`, from number `first` on. */
  #cut({ data, length: all }: CachedTokens, first: number, length: number): CachedTokens {
    const { headDim, kvHeads, layers } = this.config
    const size = kvHeads * headDim
    const cut = new Float32Array(2 * layers * length * size)
    for (let i = 0; i < 2 * layers; i++) {
      const start = i * all + first
      cut.set(data.subarray(start * size, (start + length) * size), i * length * size)
    }
    return { length, data: cut }
  }

  /** The inputs that say which rows are drawn, and how. */
  #draws(rows: ReadonlyArray<number>, temperatures: ReadonlyArray<number> = []): Tensors {
    const sharpness = Float32Array.from(rows, (row) => Math.min(1 / temperatures[row]!, sharpest))
    return {
      drawn: integers(this.#runtime, rows),
      sharpness: new this.#runtime.Tensor("float32", sharpness, [rows.length, 1])
    }
  }

  /** The inputs of a step of `rows` rows, over the arrays that `step` fills. */
  #feedsOf(rows: number): Tensors {
    const known = this.#stepFeeds.get(rows)
    if (known !== undefined) return known
    const { Tensor } = this.#runtime
    const feeds = {
      ids: new Tensor("int64", this.#ids.subarray(0, rows), [rows, 1]),
      positions: new Tensor("int64", this.#positions.subarray(0, rows), [rows, 1]),
      last: new Tensor("int32", this.#last.subarray(0, rows), [rows]),
      total: new Tensor("int32", this.#total, [1]),
      places: integers(this.#runtime, Array.from({ length: rows }, (_, row) => row))
    }
    this.#stepFeeds.set(rows, feeds)
    return feeds
  }
}

/** The bytes of a packed graph's constants by name. */
const constants = ({ config, weights }: DecodeOptions, int8: boolean) => {
  const shapes = parameterShapes(config)
  const matrices = int8 ? quantisedMatrices(config) : new Map<string, ReadonlyArray<string>>()
  const quantised = new Set([...matrices.values()].flat())
  const whole = [...shapes.keys()]
    // a tied embedding is looked up in float32
    .filter((name) => !quantised.has(name) || name === embeddingName)
    .map((name) => ({ path: name, data: bytesOf(weights.get(name)!) }))
  const parts = [...matrices].flatMap(([name, rows]) => {
    const columns = shapes.get(rows[0]!)![1]!
    const { scales, values } = joined(rows.map((each) => quantise(weights.get(each)!, columns)))
    const names = quantisedNames(name)
    return [{ path: names.values, data: values }, { path: names.scales, data: bytesOf(scales) }]
  })
  return [...whole, ...parts]
}

const floats = (value: OnnxValue | undefined): Float32Array => (value as Tensor).data as Float32Array

const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

const integers = (runtime: OnnxRuntime, values: ReadonlyArray<number>): Tensor =>
  new runtime.Tensor("int64", BigInt64Array.from(values, BigInt), [values.length])
