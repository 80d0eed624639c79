/**
 * Writes LoRA adapters unmerged, in the format of Hugging Face PEFT, so that servers can load them next to their base.
 */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { LinearName, LlamaConfig } from "../Llama.ts"
import { type FloatFormat, writeSafetensors } from "../load/safetensors.ts"
import type { Arrays } from "./AdamW.ts"
import { type LoraMode, trainedShapes } from "./TrainMode.ts"

/** PEFT's prefix of the names inside the adapted model. */
export const adapterPrefix = "base_model.model."

/** Names of the linear maps in Hugging Face models. */
export const moduleNames: Readonly<Record<LinearName, string>> = {
  q: "q_proj",
  k: "k_proj",
  v: "v_proj",
  o: "o_proj",
  gate: "gate_proj",
  up: "up_proj",
  down: "down_proj"
}

export interface SavedAdapters {
  readonly config: LlamaConfig
  readonly mode: LoraMode
  readonly adapters: Arrays
  /** The base model, as the job named it. */
  readonly from: string
  readonly dtype: FloatFormat
}

/** Writes adapter_config.json, and adapter_model.safetensors last. */
export const saveAdapters = async (
  folder: string,
  { adapters, config, dtype, from, mode }: SavedAdapters
): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const adapterConfig = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: from,
    r: mode.rank,
    lora_alpha: mode.alpha,
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    target_modules: mode.targets.map((name) => moduleNames[name])
  }
  await writeFile(join(folder, "adapter_config.json"), `${JSON.stringify(adapterConfig, null, 2)}\n`)
  const shapes = new Map(Array.from(trainedShapes(config, mode), ([name, shape]) => [adapterPrefix + name, shape]))
  const named = new Map(Array.from(adapters, ([name, values]) => [adapterPrefix + name, values]))
  await writeSafetensors(join(folder, "adapter_model.safetensors"), named, shapes, dtype)
}
