/**
 * Computes losses and gradients of batches of token rows: packs rows into the static shapes of training graphs, builds
 * and keeps one onnxruntime session per shape, feeds the shared weights and adds up gradients over micro-batches. What
 * the rows are and what becomes of the gradients is left to the trainers.
 */
import type { InferenceSession, Tensor, TypedTensor } from "onnxruntime-node"
import { embeddingName, type LlamaConfig } from "../Llama.ts"
import { loadRuntime, type OnnxRuntime, openSession } from "../onnx/openSession.ts"
import type { Weights } from "../Weights.ts"
import type { Arrays } from "./AdamW.ts"
import { type PackedPrefixes, packPrefixes } from "./packPrefixes.ts"
import { type PackedRows, packRows, type TrainRow } from "./packRows.ts"
import type { RunSizing } from "./runSizing.ts"
import type { TokenLoss } from "./tokenLoss.ts"
import { embeddedGradientName, gradientName, trainGraph } from "./trainGraph.ts"
import { trainedShapes, type TrainMode } from "./TrainMode.ts"

export interface GradientEngineOptions {
  readonly config: LlamaConfig
  readonly weights: Weights
  readonly mode: TrainMode
  /** Adapter matrices by name, in LoRA mode. */
  readonly adapters: Arrays
  readonly loss: TokenLoss | "none"
  readonly threads: number
  readonly sizing: RunSizing
}

type Packed = PackedRows | PackedPrefixes

/** Sessions are small without weights; the least recently used goes first. */
const sessionLimit = 48

export interface BatchResult {
  /** Sum of the weighted token losses; 0 with loss `"none"`. */
  readonly loss: number
  /** Log-probabilities of each row's targets, in the order of the rows. */
  readonly logprobs: ReadonlyArray<Float32Array>
}

export class GradientEngine {
  readonly options: GradientEngineOptions
  /** Gradients of the last batch, by parameter name. */
  readonly gradients: Arrays
  #runtime: OnnxRuntime | undefined
  #sessions = new Map<string, InferenceSession>()
  #scratch: Arrays | undefined
  #parameterFeeds: Record<string, Tensor> | undefined

  constructor(options: GradientEngineOptions) {
    this.options = options
    this.gradients = options.loss === "none" ? new Map() : allocate(options)
  }

  /** Runs `rows` (any number of them) and leaves the sum of their gradients in `gradients`. */
  async run(rows: ReadonlyArray<TrainRow>): Promise<BatchResult> {
    const logprobs = new Array<Float32Array>(rows.length)
    let loss = 0
    let first = true
    const { sizing } = this.options
    for (const packed of sizing.sharedPrefixes ? packPrefixes(rows, sizing) : packRows(rows, sizing)) {
      // without a loss there are no gradients to add up
      const whole = first || this.options.loss === "none"
      const target = whole ? this.gradients : (this.#scratch ??= allocate(this.options))
      const outputs = await this.#execute(packed, target)
      for (const [place, from, to] of packed.spans) logprobs[place] = outputs.logprobs.slice(from, to)
      loss += outputs.loss
      if (!whole) addInto(this.gradients, target)
      first = false
    }
    return { loss, logprobs }
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release()
    this.#sessions.clear()
  }

  async #execute(packed: Packed, gradients: Arrays): Promise<{ loss: number; logprobs: Float32Array }> {
    const ort = (this.#runtime ??= await loadRuntime())
    const session = await this.#session(packed)
    const feeds: Record<string, Tensor> = { ...this.#parameters(ort) }
    for (const [name, data] of Object.entries(packed.inputs)) {
      feeds[name] = vector(ort, data)
    }
    // Inputs a graph does not declare (no reference without a KL term) must not be fed.
    for (const name of Object.keys(feeds)) if (!session.inputNames.includes(name)) delete feeds[name]
    const embedding = gradients.get(embeddingName)
    const fetches: Record<string, Tensor | null> = {}
    for (const name of session.outputNames) fetches[name] = null
    for (const [name, shape] of trainedShapes(this.options.config, this.options.mode)) {
      const output = gradientName(name)
      if (output in fetches) fetches[output] = new ort.Tensor("float32", gradients.get(name)!, shape)
    }
    if (embedding !== undefined && fetches[gradientName(embeddingName)] === undefined) embedding.fill(0)
    const outputs = await session.run(feeds, fetches)
    const floats = (name: string) => (outputs[name] as TypedTensor<"float32">).data
    if (embedding !== undefined) {
      addRows(embedding, floats(embeddedGradientName), packed.inputs.ids, this.options.config.hidden)
    }
    return { logprobs: floats("logprobs"), loss: this.options.loss === "none" ? 0 : floats("loss")[0]! }
  }

  /** Weights and adapters as feeds: views of the shared arrays, so that every run sees their current values. */
  #parameters(ort: OnnxRuntime): Record<string, Tensor> {
    if (this.#parameterFeeds !== undefined) return this.#parameterFeeds
    const { adapters, config, mode, weights } = this.options
    const feeds: Record<string, Tensor> = {}
    const shapes = new Map([...trainedShapes(config, { kind: "full" }), ...trainedShapes(config, mode)])
    for (const [name, shape] of shapes) {
      const values = weights.get(name) ?? adapters.get(name)
      if (values === undefined) throw new Error(`the model has no tensor ${name}; its config.json promises it`)
      feeds[name] = new ort.Tensor("float32", values, shape)
    }
    return this.#parameterFeeds = feeds
  }

  async #session({ inputs: _, spans: __, ...shape }: Packed): Promise<InferenceSession> {
    const key = JSON.stringify(shape)
    const known = this.#sessions.get(key)
    if (known !== undefined) {
      this.#sessions.delete(key)
      this.#sessions.set(key, known)
      return known
    }
    const { config, loss, mode, sizing, threads } = this.options
    const graph = trainGraph(config, { ...shape, mode, loss, checkpointing: sizing.checkpointing })
    // an arena would be kept per shape, and makes nothing faster
    const session = await openSession(graph.encode(), { threads, arena: false, optimisation: "basic" })
    this.#sessions.set(key, session)
    if (this.#sessions.size > sessionLimit) {
      const [oldest, unused] = this.#sessions.entries().next().value!
      this.#sessions.delete(oldest)
      await unused.release()
    }
    return session
  }
}

const vector = (
  ort: OnnxRuntime,
  data: BigInt64Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array
): Tensor =>
  data instanceof BigInt64Array ?
    new ort.Tensor("int64", data, [data.length]) :
    data instanceof Int32Array ?
    new ort.Tensor("int32", data, [data.length]) :
    new ort.Tensor("float32", data, [data.length])

const allocate = ({ config, mode }: GradientEngineOptions): Arrays =>
  new Map(
    Array.from(
      trainedShapes(config, mode),
      ([name, shape]) => [name, new Float32Array(shape.reduce((a, b) => a * b, 1))]
    )
  )

const addInto = (sums: Arrays, terms: Arrays): void => {
  for (const [name, sum] of sums) {
    const term = terms.get(name)!
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + term[i]!
  }
}

/** Adds row `i` of `rows` to row `ids[i]` of `table`: the adjoint of a gather. */
const addRows = (table: Float32Array, rows: Float32Array, ids: BigInt64Array, width: number): void => {
  for (let i = 0; i < ids.length; i++) {
    const to = Number(ids[i]) * width
    const from = i * width
    for (let j = 0; j < width; j++) table[to + j] = table[to + j]! + rows[from + j]!
  }
}
