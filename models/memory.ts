/**
 * How much memory a model will take, reckoned from its configuration before anything is loaded, and the refusal when
 * the machine has less: a process that the system kills for memory says nothing. The formulas count what is certainly
 * needed and agree with measured peaks of a 135M model within about a fifth; the estimate of a decoder leaves out the
 * cache, which grows with the longest sequence and is checked when it does.
 */
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { totalmem } from "node:os"
import { embeddingName, linearNames, linearShape, type LlamaConfig, parameterShapes } from "./Llama.ts"
import { querySpans } from "./onnx/Attention.ts"

/** Bytes by what they are for. */
export type MemoryParts = Readonly<Record<string, number>>

const gigabytes = (bytes: number): string =>
  bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.ceil(bytes / 1e6)} MB`

const sum = (parts: MemoryParts): number => Object.values(parts).reduce((a, b) => a + b, 0)

/** There is less memory than a job certainly needs; nothing was started. */
export class NotEnoughMemory extends Schema.TaggedError<NotEnoughMemory>()("NotEnoughMemory", {
  /** The job, as the subject of a sentence. */
  what: Schema.String,
  parts: Schema.Record(Schema.String, Schema.Finite),
  /** Bytes. */
  available: Schema.Finite,
  /** What would need less. */
  next: Schema.String
}) {
  override get message() {
    const parts = Object.entries(this.parts).map(([name, bytes]) => `${name} ${gigabytes(bytes)}`).join(", ")
    return `${this.what} needs about ${gigabytes(sum(this.parts))} of memory (${parts}) and ` +
      `${gigabytes(this.available)} are free: ${this.next}`
  }
}

/** macOS counts as free only what nothing ever used; this share of the memory is there when asked for. */
const shareOnMac = 0.75

/** Bytes that this process can still take; what the system keeps of files is counted as free. */
export const availableMemory = (): number => {
  if (process.platform === "darwin") return shareOnMac * totalmem()
  const free = process.availableMemory()
  try {
    // a container's limit counts its file cache as used
    const cached = /^inactive_file (\d+)$/m.exec(readFileSync("/sys/fs/cgroup/memory.stat", "utf8"))
    return free + Number(cached?.[1] ?? 0)
  } catch {
    return free
  }
}

/** **Fails**: throws `NotEnoughMemory` when `parts` add up to more than `available`. */
export const requireMemory = (what: string, parts: MemoryParts, available: number, next: string): void => {
  if (sum(parts) > available) throw new NotEnoughMemory({ what, parts, available, next })
}

const floatBytes = 4

/** Logits that exist at once in training; see `onnx/TokenHead.ts`. */
const headElements = 6_500_000

const parametersOf = (config: LlamaConfig): number => {
  let total = 0
  for (const shape of parameterShapes(config).values()) total += shape.reduce((a, b) => a * b, 1)
  return total
}

/** What a decoder needs to open with packed weights: those read, the session's copy, and what it packs them into. */
export const decoderMemory = (config: LlamaConfig, precision: "f32" | "int8"): MemoryParts => {
  const weights = floatBytes * parametersOf(config)
  const table = floatBytes * parameterShapes(config).get(embeddingName)!.reduce((a, b) => a * b, 1)
  // 8 bits a value and a scale for 32 of them
  const copy = precision === "f32" ? weights : weights * 1.125 / floatBytes + table
  return { weights, "copy while packing": copy, "packed weights": copy }
}

/** What decides how much a training run needs. */
export interface TrainingSize {
  /** Number of trained parameters. */
  readonly trained: number
  /** Tokens that go through the model at once, padding included, and the length of the longest row. */
  readonly tokens: number
  readonly longest: number
  /** A batch goes through the model in several parts. */
  readonly accumulated: boolean
  readonly checkpointing: boolean
}

/** The weights of a model in memory. */
export const weightsMemory = (config: LlamaConfig): MemoryParts => ({ weights: floatBytes * parametersOf(config) })

/** Keys that a query of a row of `length` tokens is compared with on average. */
const keysPerQuery = (length: number): number =>
  querySpans(length).reduce((sum, { from, to }) => sum + (to - from) * to, 0) / length

/**
 * What training needs beside the weights: gradients (twice where they are added up), two moments, and activations. With
 * checkpointing every layer keeps the inputs of its halves, and one layer at a time everything, forward and backward;
 * without, every layer keeps what its backward pass reads.
 */
export const trainingMemory = (config: LlamaConfig, size: TrainingSize): MemoryParts => {
  const { ffn, heads, hidden, layers, vocab } = config
  const trained = floatBytes * size.trained
  const scores = heads * keysPerQuery(size.longest)
  const kept = 8 * hidden + 4 * ffn + 2 * scores
  const working = 3 * (10 * hidden + 8 * ffn + 6 * scores)
  const perToken = size.checkpointing ? 2 * layers * hidden + working : layers * kept
  return {
    gradients: size.accumulated ? 2 * trained : trained,
    "optimiser state": 2 * trained,
    activations: floatBytes * size.tokens * perToken,
    "output head": 4 * floatBytes * Math.min(headElements, size.tokens * vocab)
  }
}

/** What GRPO needs beside training: a merged copy of adapted maps, and the starting model where it is compared with. */
export const policyMemory = (
  config: LlamaConfig,
  { lora, reference }: { readonly lora: boolean; readonly reference: boolean }
): MemoryParts => {
  const linears = config.layers * linearNames.reduce((total, name) => {
    const [rows, columns] = linearShape(config, name)
    return total + rows * columns
  }, 0)
  return {
    ...(lora && { "merged adapters": floatBytes * linears }),
    ...(reference && !lora && { "starting model": floatBytes * parametersOf(config) })
  }
}
