/**
 * A model on disk, whichever form it has: a Hugging Face folder or a GGUF file. Opening reads the configuration;
 * weights and tokenizer are read when asked for, once. Saving writes a folder that transformers and every server load.
 * Formats are `load/`'s business, fetching models the callers'.
 */
import { mkdir, readFile, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fromHfConfig, type LlamaConfig, parameterShapes, toHfConfig } from "./Llama.ts"
import { CheckpointUnreadable } from "./load/CheckpointUnreadable.ts"
import { ggufConfig, type GgufHeader, readGgufHeader, readGgufWeights } from "./load/gguf.ts"
import { ggufTokenizerFiles } from "./load/ggufTokenizer.ts"
import { type FloatFormat, readSafetensors, writeSafetensors } from "./load/safetensors.ts"
import { makeTokenizer, type Tokenizer, type TokenizerFiles } from "./Tokenizer.ts"
import type { Weights } from "./Weights.ts"

/** An opened model. The functions read on their first call and return the same object ever after. */
export interface Checkpoint {
  readonly path: string
  readonly config: LlamaConfig
  /** **Fails**: rejects with `CheckpointUnreadable`. */
  readonly weights: () => Promise<Weights>
  /** **Fails**: rejects with `CheckpointUnreadable`. */
  readonly tokenizer: () => Promise<Tokenizer>
  readonly tokenizerFiles: () => Promise<TokenizerFiles>
}

const once = <A>(make: () => Promise<A>): () => Promise<A> => {
  let made: Promise<A> | undefined
  return () => made ??= make()
}

const exists = (path: string) => stat(path).then(() => true, () => false)

const readText = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointUnreadable({ file: path, reason: cause.code === "ENOENT" ? "no such file" : cause.message })
  })

const readJson = async (path: string): Promise<{ readonly [key: string]: unknown }> => {
  const text = await readText(path)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CheckpointUnreadable({ file: path, reason: `it is not JSON (${(cause as Error).message})` })
  }
}

/** End tokens beyond `eos_token`: models state them as ids in generation_config.json. */
const generationEndTokens = async (
  folder: string,
  tokenizer: TokenizerFiles["tokenizer"]
): Promise<ReadonlyArray<string>> => {
  const file = join(folder, "generation_config.json")
  if (!(await exists(file))) return []
  const eos = (await readJson(file))["eos_token_id"]
  const ids = new Set(typeof eos === "number" ? [eos] : Array.isArray(eos) ? eos as Array<number> : [])
  const added = (tokenizer["added_tokens"] ?? []) as ReadonlyArray<{ readonly id: number; readonly content: string }>
  const vocab = (tokenizer["model"] as { readonly vocab?: { readonly [token: string]: number } } | undefined)?.vocab
  const known = [...added.map(({ content, id }) => [content, id] as const), ...Object.entries(vocab ?? {})]
  return [...new Set(known.filter(([, id]) => ids.has(id)).map(([token]) => token))]
}

const folderTokenizerFiles = async (folder: string): Promise<TokenizerFiles> => {
  const tokenizer = await readJson(join(folder, "tokenizer.json"))
  const configFile = join(folder, "tokenizer_config.json")
  const config = await exists(configFile) ? await readJson(configFile) : {}
  const templateFile = join(folder, "chat_template.jinja")
  return {
    tokenizer,
    config: await exists(templateFile) ? { ...config, chat_template: await readText(templateFile) } : config,
    endTokens: await generationEndTokens(folder, tokenizer)
  }
}

const openFolder = async (folder: string): Promise<Checkpoint> => {
  if (!await exists(join(folder, "config.json")) && await exists(join(folder, "adapter_config.json"))) {
    const reason = "it is an adapter without its base; open it with openAdapted"
    throw new CheckpointUnreadable({ file: folder, reason })
  }
  const config = fromHfConfig(await readJson(join(folder, "config.json")))
  const tokenizerFiles = once(() => folderTokenizerFiles(folder))
  return {
    path: folder,
    config,
    weights: once(async () => {
      const index = join(folder, "model.safetensors.index.json")
      const file = await exists(index) ? index : join(folder, "model.safetensors")
      return readSafetensors(file, parameterShapes(config))
    }),
    tokenizerFiles,
    tokenizer: once(async () => makeTokenizer(await tokenizerFiles()))
  }
}

const openGguf = async (path: string): Promise<Checkpoint> => {
  const header: GgufHeader = await readGgufHeader(path)
  const config = ggufConfig(header)
  const tokenizerFiles = once(async () => ggufTokenizerFiles(header))
  return {
    path,
    config,
    weights: once(() => readGgufWeights(header, config)),
    tokenizerFiles,
    tokenizer: once(async () => makeTokenizer(await tokenizerFiles()))
  }
}

/**
 * Opens the model at `path`, a Hugging Face folder or a `.gguf` file.
 *
 * **Fails**: rejects with `CheckpointUnreadable`, or `UnsupportedModel` for architectures this engine does not run.
 */
export const openCheckpoint = async (path: string): Promise<Checkpoint> => {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new CheckpointUnreadable({ file: path, reason: "no such file or folder" })
  return found.isDirectory() ? openFolder(path) : openGguf(path)
}

/** PyTorch's names of number formats. */
const torchTypes = { f32: "float32", f16: "float16", bf16: "bfloat16" }

/** What `saveCheckpoint` writes. */
export interface SavedModel {
  readonly config: LlamaConfig
  readonly weights: Weights
  readonly dtype: FloatFormat
  /** The model whose tokenizer is written along: a folder, a `.gguf` file, or the files themselves. */
  readonly tokenizerFrom: string | TokenizerFiles
}

/**
 * Writes a Hugging Face folder: config.json, generation_config.json, tokenizer.json, tokenizer_config.json, and
 * model.safetensors last. Equal models give equal bytes.
 *
 * **Fails**: rejects with `CheckpointUnreadable` when the tokenizer cannot be read, `RangeError` when a weight does not
 * fit f16.
 */
export const saveCheckpoint = async (folder: string, model: SavedModel): Promise<void> => {
  const files = typeof model.tokenizerFrom === "string"
    ? await (await openCheckpoint(model.tokenizerFrom)).tokenizerFiles()
    : model.tokenizerFrom
  const { endIds, padId, tokenId } = await makeTokenizer(files)
  const bosToken = files.config["bos_token"]
  const bosId = typeof bosToken === "string" ? tokenId(bosToken) : undefined
  const special = {
    ...(bosId === undefined ? {} : { bos_token_id: bosId }),
    eos_token_id: endIds.length === 1 ? endIds[0] : endIds,
    pad_token_id: padId
  }
  await mkdir(folder, { recursive: true })
  const write = (name: string, content: unknown) =>
    writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`)
  await write("config.json", {
    ...toHfConfig(model.config),
    torch_dtype: torchTypes[model.dtype],
    ...special
  })
  await write("generation_config.json", special)
  await write("tokenizer.json", files.tokenizer)
  await write("tokenizer_config.json", files.config)
  await writeSafetensors(join(folder, "model.safetensors"), model.weights, parameterShapes(model.config), model.dtype)
}
