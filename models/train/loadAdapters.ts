/**
 * Reads LoRA adapters in the format of Hugging Face PEFT, ours or those of other trainers, and refuses what this engine
 * would compute wrongly: other adapter kinds, replaced embeddings, adapters of another base. Writing them is
 * `saveAdapters.ts`' business.
 */
import * as Schema from "effect/Schema"
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { type LinearName, linearNames, type LlamaConfig } from "../Llama.ts"
import { CheckpointUnreadable } from "../load/CheckpointUnreadable.ts"
import { readSafetensors, safetensorsShapes } from "../load/safetensors.ts"
import type { Arrays } from "./AdamW.ts"
import { adapterPrefix, moduleNames } from "./saveAdapters.ts"
import { type LoraMode, trainedShapes } from "./TrainMode.ts"

/** Adapters with what is needed to apply them. */
export interface LoadedAdapters {
  readonly mode: LoraMode
  readonly adapters: Arrays
}

const PeftConfig = Schema.Struct({
  peft_type: Schema.String,
  base_model_name_or_path: Schema.optionalKey(Schema.NullOr(Schema.String)),
  r: Schema.Int,
  lora_alpha: Schema.Finite,
  target_modules: Schema.Union([Schema.Array(Schema.String), Schema.String]),
  bias: Schema.optionalKey(Schema.String),
  use_rslora: Schema.optionalKey(Schema.Boolean)
})

const decodeConfig = Schema.decodeUnknownSync(PeftConfig)

/** Settings of PEFT that change what an adapter computes and must therefore be off. */
const mustBeOff = [
  "use_dora",
  "use_qalora",
  "use_bdlora",
  "fan_in_fan_out",
  "lora_bias",
  "rank_pattern",
  "alpha_pattern",
  "modules_to_save",
  "layers_to_transform",
  "layer_replication",
  "trainable_token_indices",
  "target_parameters",
  "exclude_modules",
  "alora_invocation_tokens"
]

const isOff = (value: unknown): boolean =>
  value === undefined || value === null || value === false ||
  typeof value === "object" && Object.keys(value).length === 0

/** The linear maps behind PEFT's module names; a name may be a path that ends in one. */
const targetsOf = (modules: string | ReadonlyArray<string>, refuse: (reason: string) => Error) => {
  if (modules === "all-linear") return linearNames
  if (typeof modules === "string") throw refuse(`target_modules is the pattern "${modules}", not a list of names`)
  const named = new Set(modules.map((module): LinearName => {
    const name = linearNames.find((name) => moduleNames[name] === module.split(".").at(-1))
    if (name === undefined) throw refuse(`it adapts "${module}", which is none of a layer's linear maps`)
    return name
  }))
  return linearNames.filter((name) => named.has(name))
}

const readMode = async (file: string): Promise<{ readonly mode: LoraMode; readonly base: string }> => {
  const refuse = (reason: string) => new CheckpointUnreadable({ file, reason })
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw refuse(cause.code === "ENOENT" ? "no such file; it is no adapter folder" : cause.message)
  })
  let json: { readonly [key: string]: unknown }
  let peft: typeof PeftConfig.Type
  try {
    json = JSON.parse(text)
    peft = decodeConfig(json)
  } catch (cause) {
    throw refuse(`it is not a PEFT configuration (${(cause as Error).message})`)
  }
  if (peft.peft_type !== "LORA") throw refuse(`its peft_type is "${peft.peft_type}", not LORA`)
  if ((peft.bias ?? "none") !== "none") throw refuse(`bias is "${peft.bias}", only "none" can be applied`)
  const set = mustBeOff.find((key) => !isOff(json[key]))
  if (set !== undefined) throw refuse(`${set} is ${JSON.stringify(json[set])}, which this engine does not compute`)
  if (peft.r < 1) throw refuse(`its rank is ${peft.r}`)
  // rank-stabilised LoRA scales by alpha / √rank
  const alpha = peft.use_rslora === true ? peft.lora_alpha * Math.sqrt(peft.r) : peft.lora_alpha
  const targets = targetsOf(peft.target_modules, refuse)
  const name = peft.base_model_name_or_path ?? ""
  return { mode: { kind: "lora", rank: peft.r, alpha, targets }, base: name === "" ? "" : ` ("${name}")` }
}

/** The model that adapters are to be applied to, and what they themselves call it, in brackets. */
interface Base {
  readonly config: LlamaConfig
  readonly base: string
}

/** Tensors beside the adapters mean an adapter of a model with another vocabulary, or one with retrained embeddings. */
const refuseOthers = (
  file: string,
  found: ReadonlyMap<string, ReadonlyArray<number>>,
  wanted: ReadonlySet<string>,
  { base, config }: Base
): void => {
  for (const [name, shape] of found) {
    if (wanted.has(name)) continue
    const vocabulary = /embed_tokens|lm_head/.test(name) && !name.includes("lora_")
    throw new CheckpointUnreadable({
      file,
      tensor: name,
      reason: vocabulary && shape[0] !== config.vocab
        ? `it is for a vocabulary of ${shape[0]}, and the base model's is ${config.vocab}; ` +
          `take the base that the adapter was trained on${base}`
        : "it is no LoRA matrix of the adapted maps; the adapter changes more than this engine can apply"
    })
  }
}

/** An adapter folder may bring its tokenizer; one with more tokens than the base has rows is another model's. */
const checkTokenizer = async (folder: string, { base, config }: Base): Promise<void> => {
  const file = join(folder, "tokenizer.json")
  if (await stat(file).catch(() => undefined) === undefined) return
  const { added_tokens: added, model } = JSON.parse(await readFile(file, "utf8"))
  const ids = [...Object.values(model?.vocab ?? {}), ...(added ?? []).map(({ id }: { readonly id: number }) => id)]
  const tokens = ids.reduce((highest: number, id) => typeof id === "number" ? Math.max(highest, id + 1) : highest, 0)
  if (tokens <= config.vocab) return
  throw new CheckpointUnreadable({
    file,
    reason: `its vocabulary of ${tokens} is larger than the base model's ${config.vocab}; ` +
      `take the base that the adapter was trained on${base}`
  })
}

/**
 * The adapters in `folder` (adapter_config.json, adapter_model.safetensors) for a base model of `config`.
 *
 * **Fails**: rejects with `CheckpointUnreadable` naming file, tensor and reason.
 */
export const loadAdapters = async (folder: string, config: LlamaConfig): Promise<LoadedAdapters> => {
  const { base, mode } = await readMode(join(folder, "adapter_config.json"))
  await checkTokenizer(folder, { base, config })
  const file = join(folder, "adapter_model.safetensors")
  const shapes = trainedShapes(config, mode)
  const stored = new Map(Array.from(shapes, ([name, shape]) => [adapterPrefix + name, shape]))
  refuseOthers(file, await safetensorsShapes(file), new Set(stored.keys()), { base, config })
  const named = await readSafetensors(file, stored)
  const adapters = new Map(Array.from(shapes.keys(), (name) => [name, named.get(adapterPrefix + name)!]))
  return { mode, adapters }
}
