/**
 * Small models and files for the tests of loading, tokenizers, checkpoints and sampling: configurations, a byte-level
 * BPE tokenizer with a handful of merges, and a writer of GGUF files.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import type { LlamaConfig } from "../../models/Llama.ts"
import type { TokenizerFiles } from "../../models/Tokenizer.ts"
import { wordLevelFiles } from "../../models/Tokenizer.ts"

/** A folder that is removed when the running test ends. */
export const temporaryFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), "sinternal-"))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

export const tinyConfig: LlamaConfig = {
  layers: 2,
  hidden: 32,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  ffn: 64,
  vocab: 40,
  ropeTheta: 1000,
  rmsEps: 1e-5,
  tied: true,
  contextLength: 256,
  qkvBias: false
}

/** Forty words, the last of which ends an answer; a chat is its turns and a mark. */
export const tinyWords = wordLevelFiles({
  words: ["<pad>", "<user>", "<answer>", ...Array.from({ length: 36 }, (_, i) => `w${i}`), "<end>"],
  endToken: "<end>",
  padToken: "<pad>",
  chatTemplate:
    "{% for m in messages %}<user> {{ m.content }} {% endfor %}{% if add_generation_prompt %}<answer>{% endif %}"
})

/** The printable stand-ins of GPT-2's byte-level BPE, by byte. Source: `bytes_to_unicode` in openai/gpt-2. */
const byteCharacters = (): ReadonlyArray<string> => {
  const printable = (byte: number) => byte >= 33 && byte <= 126 || byte >= 161 && byte <= 172 || byte >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++))
}

/** Tokens: 2 control tokens, then the 256 bytes, then five merges. */
export const bytePairTokens = ["<|end|>", "<|turn|>", ...byteCharacters(), "he", "ll", "hell", "hello", "Ġhello"]
export const bytePairMerges = ["h e", "l l", "he ll", "hell o", "Ġ hello"]
export const bytePairTemplate = "{% if messages[0]['role'] != 'system' %}<|turn|>system be kind<|end|>{% endif %}" +
  "{% for m in messages %}<|turn|>{{ m['role'] }} {{ m['content'] }}{{ eos_token }}{% endfor %}" +
  "{% if add_generation_prompt %}<|turn|>assistant {% endif %}"

/** A byte-level tokenizer as Hugging Face files: digits one by one, then GPT-2's pattern, as SmolLM2 does. */
export const bytePairFiles: TokenizerFiles = {
  tokenizer: {
    version: "1.0",
    added_tokens: [0, 1].map((id) => ({
      id,
      content: bytePairTokens[id],
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true
    })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true }
      ]
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      unk_token: null,
      vocab: Object.fromEntries(bytePairTokens.map((token, id) => [token, id])),
      merges: bytePairMerges
    }
  },
  config: {
    tokenizer_class: "GPT2Tokenizer",
    eos_token: { content: "<|end|>", special: true },
    pad_token: "<|turn|>",
    chat_template: bytePairTemplate
  },
  endTokens: []
}

/** A tensor of a GGUF file: shape as in Hugging Face (fastest dimension last), the type number, its bytes. */
export interface GgufTensor {
  readonly shape: ReadonlyArray<number>
  readonly type: number
  readonly bytes: Uint8Array
}

export type GgufValue = string | number | { readonly float: number } | ReadonlyArray<string> | ReadonlyArray<number>

const concat = (parts: ReadonlyArray<Uint8Array>) => new Uint8Array(Buffer.concat(parts))
const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)
const u64 = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer)
const text = (value: string) => {
  const bytes = new TextEncoder().encode(value)
  return concat([u64(bytes.length), bytes])
}

const ggufValue = (value: GgufValue): Uint8Array => {
  if (typeof value === "string") return concat([u32(8), text(value)])
  if (typeof value === "number") return concat([u32(4), u32(value)])
  if ("float" in value) return concat([u32(6), floatBytes(Float32Array.of(value.float))])
  const strings = typeof value[0] === "string"
  const items = value.map((item) => typeof item === "string" ? text(item) : u32(item))
  return concat([u32(9), u32(strings ? 8 : 4), u64(items.length), ...items])
}

/** The bytes of a GGUF file (version 3, alignment 32). */
export const ggufBytes = (
  metadata: { readonly [key: string]: GgufValue },
  tensors: ReadonlyMap<string, GgufTensor>
): Uint8Array => {
  const padded = (length: number) => Math.ceil(length / 32) * 32
  const parts: Array<Uint8Array> = [
    Buffer.from("GGUF"),
    u32(3),
    u64(tensors.size),
    u64(Object.keys(metadata).length)
  ]
  for (const [key, value] of Object.entries(metadata)) parts.push(text(key), ggufValue(value))
  let offset = 0
  for (const [name, { bytes, shape, type }] of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(type), u64(offset))
    offset += padded(bytes.length)
  }
  const header = concat(parts)
  const whole = new Uint8Array(padded(header.length) + offset)
  whole.set(header)
  let at = padded(header.length)
  for (const { bytes } of tensors.values()) {
    whole.set(bytes, at)
    at += padded(bytes.length)
  }
  return whole
}

/** Metadata of a GGUF llama of `config` with the byte-level tokenizer. */
export const ggufMetadata = (config: LlamaConfig): { readonly [key: string]: GgufValue } => ({
  "general.architecture": "llama",
  "llama.block_count": config.layers,
  "llama.embedding_length": config.hidden,
  "llama.feed_forward_length": config.ffn,
  "llama.attention.head_count": config.heads,
  "llama.attention.head_count_kv": config.kvHeads,
  "llama.attention.layer_norm_rms_epsilon": { float: config.rmsEps },
  "llama.rope.freq_base": { float: config.ropeTheta },
  "llama.context_length": config.contextLength,
  "tokenizer.ggml.model": "gpt2",
  "tokenizer.ggml.pre": "smollm",
  "tokenizer.ggml.tokens": bytePairTokens,
  "tokenizer.ggml.token_type": bytePairTokens.map((_, id) => id < 2 ? 3 : 1),
  "tokenizer.ggml.merges": bytePairMerges,
  "tokenizer.ggml.eos_token_id": 0,
  "tokenizer.ggml.padding_token_id": 1,
  "tokenizer.chat_template": bytePairTemplate
})

/** GGUF name of a Hugging Face parameter. */
export const ggufName = (name: string): string =>
  name.replace("model.embed_tokens", "token_embd").replace("model.norm", "output_norm").replace("lm_head", "output")
    .replace("model.layers.", "blk.").replace("input_layernorm", "attn_norm")
    .replace("post_attention_layernorm", "ffn_norm").replace(
      /self_attn\.(.)_proj/,
      (_, letter: string) => letter === "o" ? "attn_output" : `attn_${letter}`
    ).replace(/mlp\.(.*)_proj/, "ffn_$1")

export const floatBytes = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice()
