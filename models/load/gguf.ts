/**
 * Reads models in llama.cpp's GGUF format: configuration from the metadata, weights under their Hugging Face names in
 * float32, q and k rows in Hugging Face order. The header is parsed by @huggingface/gguf; the tokenizer inside is
 * `ggufTokenizer.ts`' business.
 */
import type { GGUFParseOutput } from "@huggingface/gguf"
import {
  embeddingName,
  finalNormName,
  headName,
  type LinearName,
  type LlamaConfig,
  parameterName,
  parameterShapes,
  ropeFrequencies,
  UnsupportedModel
} from "../Llama.ts"
import { fromDivisors } from "../RopeScaling.ts"
import { allocateWeights, type Weights } from "../Weights.ts"
import { CheckpointUnreadable } from "./CheckpointUnreadable.ts"
import { tensorFormats } from "./dequantise.ts"
import { type RandomAccess, withFile } from "./RandomAccess.ts"

/** Metadata of a GGUF file by key, as stored: numbers, strings, arrays. */
export type GgufMetadata = { readonly [key: string]: unknown }

/** A parsed header: metadata and where each tensor lies. */
export interface GgufHeader {
  readonly path: string
  readonly metadata: GgufMetadata
  readonly tensors: ReadonlyMap<string, {
    /** Fastest dimension last, as in Hugging Face files. */
    readonly shape: ReadonlyArray<number>
    readonly type: number
    /** Bytes from the start of the file. */
    readonly start: number
  }>
  /** Divisors of the rotary frequencies, in models that scale them. */
  readonly ropeDivisors?: Float32Array
}

/** Name and type (F32) of the tensor that holds them. */
const ropeDivisorsName = "rope_freqs.weight"
const f32Type = 0

/** The header of the GGUF file at `path`. **Fails**: `CheckpointUnreadable` if missing, cut short or something else. */
export const readGgufHeader = async (path: string): Promise<GgufHeader> => {
  const magic = new Uint8Array(4)
  const size = await withFile(path, async (file) => {
    await file.read(magic, 0)
    return file.size
  })
  if (new TextDecoder().decode(magic) !== "GGUF") {
    throw new CheckpointUnreadable({ file: path, reason: "it does not begin with GGUF" })
  }
  const { gguf } = await import("@huggingface/gguf")
  const parsed: GGUFParseOutput = await gguf(path, { allowLocalFile: true }).catch((cause: Error) => {
    throw new CheckpointUnreadable({ file: path, reason: `its header is damaged or cut short (${cause.message})` })
  })
  const dataStart = Number(parsed.tensorDataOffset)
  // the parser reads zeros beyond the end of a file
  if (dataStart > size) {
    throw new CheckpointUnreadable({ file: path, reason: `its header is cut short at ${size} bytes` })
  }
  const header: GgufHeader = {
    path,
    metadata: parsed.metadata as unknown as GgufMetadata,
    tensors: new Map(parsed.tensorInfos.map((info) => [info.name, {
      shape: info.shape.map(Number).reverse(),
      type: info.dtype as number,
      start: dataStart + Number(info.offset)
    }]))
  }
  const divisors = header.tensors.get(ropeDivisorsName)
  const length = divisors?.shape.reduce((a, b) => a * b, 1) ?? 0
  // one per rotary pair: a head is never this wide
  if (divisors?.type !== f32Type || length > 4096) return header
  const ropeDivisors = new Float32Array(length)
  await withFile(path, (file) => readTensor(file, header, ropeDivisorsName, divisors.shape, ropeDivisors))
  return { ...header, ropeDivisors }
}

/** The scaling of rotary frequencies a header states, in either of the two ways. */
const ropeScaling = (header: GgufHeader, frequencies: Float32Array, refuse: (reason: string) => UnsupportedModel) => {
  const kind = header.metadata[`${String(header.metadata["general.architecture"])}.rope.scaling.type`] ?? "none"
  if (kind !== "none") throw refuse(`rope scaling "${String(kind)}" is not llama3's`)
  if (!header.tensors.has(ropeDivisorsName)) return undefined
  const scaling = header.ropeDivisors && fromDivisors(header.ropeDivisors, frequencies)
  if (scaling === undefined) throw refuse(`the rope scaling in its tensor ${ropeDivisorsName} is not llama3's`)
  return scaling
}

/**
 * The configuration a GGUF header states.
 *
 * **Fails**: throws `UnsupportedModel` for other architectures and other scalings of rotary angles than Llama 3's,
 * `CheckpointUnreadable` when a key is missing.
 */
export const ggufConfig = (header: GgufHeader): LlamaConfig => {
  const architecture = String(header.metadata["general.architecture"])
  const refuse = (reason: string) => new UnsupportedModel({ architecture, reason })
  if (architecture !== "llama" && architecture !== "qwen2") throw refuse("unknown architecture")
  const read = (key: string, fallback?: number): number => {
    const value = header.metadata[`${architecture}.${key}`] ?? fallback
    if (typeof value === "number" || typeof value === "bigint") return Number(value)
    throw new CheckpointUnreadable({ file: header.path, reason: `its metadata has no number ${architecture}.${key}` })
  }
  const embedding = header.tensors.get("token_embd.weight")
  if (embedding === undefined) {
    throw new CheckpointUnreadable({ file: header.path, tensor: "token_embd.weight", reason: "it is not in the file" })
  }
  const layers = read("block_count")
  if (!(layers <= header.tensors.size)) {
    const reason = `its metadata says ${layers} layers, and the file has ${header.tensors.size} tensors`
    throw new CheckpointUnreadable({ file: header.path, reason })
  }
  const hidden = read("embedding_length")
  const heads = read("attention.head_count")
  const headDim = read("attention.key_length", hidden / heads)
  if (read("rope.dimension_count", headDim) !== headDim) throw refuse("rotary angles on a part of each head")
  const ropeTheta = read("rope.freq_base", 10000)
  const scaling = ropeScaling(header, ropeFrequencies({ headDim, ropeTheta }), refuse)
  return {
    layers,
    hidden,
    heads,
    kvHeads: read("attention.head_count_kv", heads),
    headDim,
    ffn: read("feed_forward_length"),
    vocab: embedding.shape[0]!,
    ropeTheta,
    ...(scaling === undefined ? {} : { ropeScaling: scaling }),
    rmsEps: roundToDecimal(read("attention.layer_norm_rms_epsilon")),
    tied: !header.tensors.has("output.weight"),
    contextLength: read("context_length"),
    qkvBias: header.tensors.has("blk.0.attn_q.bias")
  }
}

/** GGUF holds 1e-5 as a float32; the shortest decimal that rounds to it is the number that was meant. */
const roundToDecimal = (value: number): number => {
  for (let digits = 1; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === Math.fround(value)) return short
  }
  return value
}

const linearNames: { readonly [name in LinearName]: string } = {
  q: "attn_q",
  k: "attn_k",
  v: "attn_v",
  o: "attn_output",
  gate: "ffn_gate",
  up: "ffn_up",
  down: "ffn_down"
}

/** GGUF name of every parameter; `heads` where the rows of each head are stored interleaved. */
const sources = (config: LlamaConfig, interleaved: boolean) => {
  const names = new Map<string, { readonly name: string; readonly heads?: number }>([
    [embeddingName, { name: "token_embd.weight" }],
    [finalNormName, { name: "output_norm.weight" }],
    [headName, { name: "output.weight" }]
  ])
  for (let layer = 0; layer < config.layers; layer++) {
    names.set(parameterName(layer, "input_layernorm"), { name: `blk.${layer}.attn_norm.weight` })
    names.set(parameterName(layer, "post_attention_layernorm"), { name: `blk.${layer}.ffn_norm.weight` })
    for (const [linear, name] of Object.entries(linearNames) as Array<[LinearName, string]>) {
      const heads = linear === "q" ? config.heads : linear === "k" ? config.kvHeads : undefined
      for (const kind of ["weight", "bias"] as const) {
        names.set(parameterName(layer, linear, kind), {
          name: `blk.${layer}.${name}.${kind}`,
          ...(interleaved && heads !== undefined ? { heads } : {})
        })
      }
    }
  }
  return names
}

/**
 * Reorders, in place, the rows of each head from llama.cpp's order (the two halves of a rotary pair side by side) to
 * Hugging Face's (first halves, then second halves): row `2i + j` of a head becomes row `j * headDim / 2 + i`.
 */
export const unpermuteHeads = (values: Float32Array, heads: number, rows: number): void => {
  const width = values.length / rows
  const headRows = rows / heads
  const stored = values.slice()
  for (let row = 0; row < rows; row++) {
    const within = row % headRows
    const to = row - within + (within % 2) * headRows / 2 + Math.floor(within / 2)
    values.set(stored.subarray(row * width, (row + 1) * width), to * width)
  }
}

/** A wanted tensor and its format, if the file has it as wanted. */
const soundTensor = (file: RandomAccess, header: GgufHeader, name: string, shape: ReadonlyArray<number>) => {
  const fail = (reason: string) => new CheckpointUnreadable({ file: file.path, tensor: name, reason })
  const tensor = header.tensors.get(name)
  if (tensor === undefined) throw fail("it is not in the file")
  if (tensor.shape.join() !== shape.join()) {
    throw fail(`its shape is [${tensor.shape}], the metadata asks for [${shape}]`)
  }
  const format = tensorFormats.get(tensor.type)
  if (format === undefined) {
    const known = [...tensorFormats.values()].map((format) => format.name).join(", ")
    throw fail(`quantisation type ${tensor.type} is not one of ${known}; convert the file to one of them`)
  }
  const length = shape.reduce((a, b) => a * b, 1) / format.blockValues * format.blockBytes
  if (!Number.isInteger(length)) throw fail(`its shape [${shape}] is no whole number of ${format.name} blocks`)
  return { format, length, start: tensor.start }
}

const readTensor = async (
  file: RandomAccess,
  header: GgufHeader,
  name: string,
  shape: ReadonlyArray<number>,
  into: Float32Array
): Promise<void> => {
  const { format, length, start } = soundTensor(file, header, name, shape)
  const bytes = new Uint8Array(length)
  await file.read(bytes, start, name)
  format.widen(bytes, into)
}

/** All parameters of the model behind `header`. **Fails**: rejects with `CheckpointUnreadable`. */
export const readGgufWeights = (header: GgufHeader, config: LlamaConfig): Promise<Weights> =>
  withFile(header.path, async (file) => {
    const places = sources(config, header.metadata["general.architecture"] === "llama")
    const shapes = parameterShapes(config)
    for (const [name, shape] of shapes) soundTensor(file, header, places.get(name)!.name, shape)
    const weights = allocateWeights(shapes)
    for (const [name, shape] of shapes) {
      const { heads, name: stored } = places.get(name)!
      const values = weights.get(name)!
      await readTensor(file, header, stored, shape, values)
      if (heads !== undefined) unpermuteHeads(values, heads, shape[0]!)
    }
    return weights
  })
