/**
 * Which parameters of a model are trained: all of its weights, or LoRA adapters beside some of its linear maps; their
 * names and shapes. Initial values and merging are in `adapters.ts`.
 */
import {
  type LinearName,
  linearNames,
  linearShape,
  type LlamaConfig,
  parameterName,
  parameterShapes
} from "../Llama.ts"

/** LoRA on some linear maps, in PEFT's convention: the product is scaled by alpha / rank. */
export interface LoraMode {
  readonly kind: "lora"
  readonly rank: number
  readonly alpha: number
  readonly targets: ReadonlyArray<LinearName>
}

/** Which parameters are trained. */
export type TrainMode = { readonly kind: "full" } | LoraMode

/** The name of an adapter matrix: `a` is `[rank, in]`, `b` is `[out, rank]`. */
export const adapterName = (layer: number, name: LinearName, matrix: "a" | "b"): string =>
  `${parameterName(layer, name).replace(/\.weight$/, "")}.lora_${matrix.toUpperCase()}.weight`

/** Names and shapes of the parameters that `mode` trains. */
export const trainedShapes = (config: LlamaConfig, mode: TrainMode): ReadonlyMap<string, ReadonlyArray<number>> => {
  if (mode.kind === "full") return parameterShapes(config)
  const shapes = new Map<string, ReadonlyArray<number>>()
  for (let layer = 0; layer < config.layers; layer++) {
    for (const name of linearNames) {
      if (!mode.targets.includes(name)) continue
      const [rows, columns] = linearShape(config, name)
      shapes.set(adapterName(layer, name, "a"), [mode.rank, columns])
      shapes.set(adapterName(layer, name, "b"), [rows, mode.rank])
    }
  }
  return shapes
}
