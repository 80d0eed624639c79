/**
 * Text to token ids and back, and chats to prompts: one interface over byte-level BPE (through @huggingface/tokenizers)
 * and the word-level tokenizer of the synthetic world. A tokenizer is made from the two Hugging Face files; reading
 * them from a folder or out of a GGUF file is `Checkpoint.ts`' and `load/ggufTokenizer.ts`' business. Chat templates
 * are rendered by @huggingface/jinja and decide everything about a prompt, default system turns included.
 */
import * as Schema from "effect/Schema"

/** One turn of a chat. */
export interface ChatMessage {
  readonly role: string
  readonly content: string
}

/** The tokenizer files of a Hugging Face folder, parsed. */
export interface TokenizerFiles {
  /** tokenizer.json */
  readonly tokenizer: { readonly [key: string]: unknown }
  /** tokenizer_config.json, with the chat template. */
  readonly config: { readonly [key: string]: unknown }
  /** Further tokens that end an answer, beside `eos_token` of the config. */
  readonly endTokens: ReadonlyArray<string>
}

export interface Tokenizer {
  /** Ids of `text`; control tokens written out in it become their ids, none are added. */
  readonly encode: (text: string) => Array<number>
  /** The text of `ids`, control tokens written out. */
  readonly decode: (ids: ReadonlyArray<number>) => string
  /** The prompt of a chat as the model's template renders it. **Fails**: throws `ChatNotRendered`. */
  readonly chat: (
    messages: ReadonlyArray<ChatMessage>,
    options?: { readonly addGenerationPrompt?: boolean }
  ) => string
  /** The id of one token, if there is such a token. */
  readonly tokenId: (token: string) => number | undefined
  /** Ids that end an answer. */
  readonly endIds: ReadonlyArray<number>
  /** An id for places that are masked. */
  readonly padId: number
  /** Number of ids, the highest id plus one. */
  readonly vocab: number
}

/** A word that a word-level tokenizer does not know. */
export class UnknownWord extends Schema.TaggedError<UnknownWord>()("UnknownWord", {
  word: Schema.String,
  text: Schema.String
}) {
  override get message() {
    return `the word "${this.word}" is not in the vocabulary (in "${this.text}")`
  }
}

/** A chat that the model's template refuses, or a model without a template. */
export class ChatNotRendered extends Schema.TaggedError<ChatNotRendered>()("ChatNotRendered", {
  reason: Schema.String
}) {
  override get message() {
    return `the chat template cannot render these messages: ${this.reason}`
  }
}

/** Ids and texts, without chats. */
type Codec = Pick<Tokenizer, "encode" | "decode" | "tokenId" | "vocab">

interface WordLevelModel {
  readonly type: "WordLevel"
  readonly vocab: { readonly [word: string]: number }
}

const wordLevelCodec = (vocab: WordLevelModel["vocab"]): Codec => {
  const ids = new Map(Object.entries(vocab))
  const words = new Map([...ids].map(([word, id]) => [id, word]))
  return {
    encode: (text) =>
      text.split(/\s+/).filter((word) => word !== "").map((word) => {
        const id = ids.get(word)
        if (id === undefined) throw new UnknownWord({ word, text: text.slice(0, 200) })
        return id
      }),
    decode: (all) => all.map((id) => words.get(id) ?? `<${id}>`).join(" "),
    tokenId: (token) => ids.get(token),
    vocab: Math.max(...words.keys()) + 1
  }
}

const bytePairCodec = async (files: TokenizerFiles): Promise<Codec> => {
  const { Tokenizer } = await import("@huggingface/tokenizers")
  // a decoded text must encode to the same ids again, so no clean-up of spaces
  const library = new Tokenizer(files.tokenizer, { ...files.config, clean_up_tokenization_spaces: false })
  let highest = 0
  for (const id of library.get_vocab(true).values()) highest = Math.max(highest, id)
  return {
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    decode: (ids) => ids.length === 0 ? "" : library.decode(ids as Array<number>, { skip_special_tokens: false }),
    tokenId: (token) => library.token_to_id(token),
    vocab: highest + 1
  }
}

/** `bos_token` and its like are strings or objects with `content`. */
const tokenText = (value: unknown): string | undefined =>
  typeof value === "string" ? value : (value as { readonly content?: string } | null | undefined)?.content

/** The one template, or the one named "default" of several. */
const templateText = (value: unknown): string | undefined =>
  Array.isArray(value)
    ? (value as ReadonlyArray<{ name: string; template: string }>).find(({ name }) => name === "default")?.template
    : typeof value === "string"
    ? value
    : undefined

const chatRenderer = async (config: TokenizerFiles["config"]): Promise<Tokenizer["chat"]> => {
  const text = templateText(config["chat_template"])
  const without = (reason: string) => () => {
    throw new ChatNotRendered({ reason })
  }
  if (text === undefined) return without("the model has none (tokenizer_config.json has no chat_template)")
  const { Template } = await import("@huggingface/jinja")
  let template: InstanceType<typeof Template>
  try {
    template = new Template(text)
  } catch (cause) {
    return without(`the model's template does not parse (${(cause as Error).message})`)
  }
  const tokens: { [name: string]: string } = {}
  for (const name of ["bos_token", "eos_token", "pad_token", "unk_token"]) {
    const token = tokenText(config[name])
    if (token !== undefined) tokens[name] = token
  }
  return (messages, options) => {
    try {
      return template.render({ ...tokens, messages, add_generation_prompt: options?.addGenerationPrompt ?? true })
    } catch (cause) {
      throw new ChatNotRendered({ reason: (cause as Error).message })
    }
  }
}

/** The tokenizer of these files: `WordLevel` split at white space, or what @huggingface/tokenizers knows. */
export const makeTokenizer = async (files: TokenizerFiles): Promise<Tokenizer> => {
  const model = files.tokenizer["model"] as { readonly type?: string } | undefined
  const codec = model?.type === "WordLevel"
    ? wordLevelCodec((model as WordLevelModel).vocab)
    : await bytePairCodec(files)
  const endTokens = [tokenText(files.config["eos_token"]), ...files.endTokens]
  const endIds = new Set(endTokens.flatMap((token) => token === undefined ? [] : codec.tokenId(token) ?? []))
  const pad = tokenText(files.config["pad_token"])
  return {
    ...codec,
    chat: await chatRenderer(files.config),
    endIds: [...endIds],
    padId: (pad === undefined ? undefined : codec.tokenId(pad)) ?? [...endIds][0] ?? 0
  }
}

/** The files of a word-level tokenizer: a word's id is its place in `words`. */
export const wordLevelFiles = (options: {
  readonly words: ReadonlyArray<string>
  readonly endToken: string
  readonly padToken: string
  readonly chatTemplate: string
}): TokenizerFiles => ({
  tokenizer: {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordLevel",
      vocab: Object.fromEntries(options.words.map((word, id) => [word, id])),
      unk_token: options.padToken
    }
  },
  config: {
    tokenizer_class: "PreTrainedTokenizerFast",
    clean_up_tokenization_spaces: false,
    eos_token: options.endToken,
    pad_token: options.padToken,
    chat_template: options.chatTemplate
  },
  endTokens: []
})
