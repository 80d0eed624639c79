/**
 * Rebuilds `tokenizer.json` and `tokenizer_config.json` from the metadata of a GGUF file, so that a model has one
 * tokenizer whichever file it came in. Byte-level BPE only; the pre-tokenizer is known by the name llama.cpp gives it.
 *
 * **Source**: `llm_tokenizer_bpe` in llama.cpp's `src/llama-vocab.cpp` for what each pre-tokenizer name means.
 */
import { CheckpointUnreadable } from "./CheckpointUnreadable.ts"
import type { GgufHeader } from "./gguf.ts"
import type { TokenizerFiles } from "../Tokenizer.ts"

/** How a text is cut into the pieces that BPE works on. */
interface Cut {
  /** Cuts first at this pattern, if there is one. */
  readonly pattern?: string
  /** Cuts (the pieces) at GPT-2's own pattern. */
  readonly likeGpt2: boolean
  readonly normalizer?: "NFC"
  /** A piece that is a token is taken as it is, whatever its merges say. */
  readonly wholeTokens?: boolean
}

/** The pattern that Qwen2 and Llama 3 share but for how many digits stay together. */
const byWords = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|` +
  "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

const qwen: Cut = { pattern: byWords("\\p{N}"), likeGpt2: false, normalizer: "NFC" }

/** What cuts a text, by llama.cpp's name of the pre-tokenizer. */
const cuts: { readonly [pre: string]: Cut | undefined } = {
  "gpt-2": { likeGpt2: true },
  smollm: { pattern: "\\p{N}", likeGpt2: true },
  qwen2: qwen,
  "deepseek-r1-qwen": qwen,
  "llama-bpe": { pattern: byWords("\\p{N}{1,3}"), likeGpt2: false, wholeTokens: true }
}

/** Token types of GGUF that are matched in the text before BPE. */
const control = 3
const userDefined = 4

/** The tokenizer files in a GGUF header. **Fails**: throws `CheckpointUnreadable` naming the key that is unknown. */
export const ggufTokenizerFiles = (header: GgufHeader): TokenizerFiles => {
  const fail = (reason: string) => new CheckpointUnreadable({ file: header.path, tensor: "tokenizer", reason })
  const get = <A>(key: string): A | undefined => header.metadata[`tokenizer.${key}`] as A | undefined
  const model = get<string>("ggml.model")
  if (model !== "gpt2") throw fail(`its model is "${model}", only byte-level BPE ("gpt2") can be rebuilt`)
  const pre = get<string>("ggml.pre") ?? "missing"
  const cut = cuts[pre]
  if (cut === undefined) {
    throw fail(`its pre-tokenizer "${pre}" is none of ${Object.keys(cuts).join(", ")}; use the Hugging Face folder`)
  }
  const tokens = get<ReadonlyArray<string>>("ggml.tokens")
  const merges = get<ReadonlyArray<string>>("ggml.merges")
  if (tokens === undefined || merges === undefined) throw fail("it has no tokens or no merges")
  const types = get<ReadonlyArray<number>>("ggml.token_type") ?? []
  const token = (key: string) => {
    const id = get<number | bigint>(`ggml.${key}_token_id`)
    return id === undefined ? undefined : tokens[Number(id)]
  }
  const splitter = cut.pattern === undefined
    ? []
    : [{ type: "Split", pattern: { Regex: cut.pattern }, behavior: "Isolated", invert: false }]
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: cut.likeGpt2 }
  return {
    tokenizer: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: tokens.flatMap((content, id) =>
        types[id] === control || types[id] === userDefined
          ? [{
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: types[id] === control
          }]
          : []
      ),
      normalizer: cut.normalizer === undefined ? null : { type: cut.normalizer },
      pre_tokenizer: { type: "Sequence", pretokenizers: [...splitter, byteLevel] },
      post_processor: null,
      decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: cut.wholeTokens ?? false,
        vocab: Object.fromEntries(tokens.map((content, id) => [content, id])),
        merges
      }
    },
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      clean_up_tokenization_spaces: false,
      bos_token: token("bos") ?? null,
      eos_token: token("eos") ?? null,
      pad_token: token("padding") ?? null,
      unk_token: token("unknown") ?? null,
      chat_template: get<string>("chat_template") ?? null
    },
    endTokens: [token("eos"), token("eot")].filter((end) => end !== undefined)
  }
}
