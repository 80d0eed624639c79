/**
 * A base model with a LoRA adapter merged into it, as one checkpoint: to be sampled, trained further, or saved with
 * `saveCheckpoint` for servers that take no adapters.
 */
import { type Checkpoint, openCheckpoint } from "./Checkpoint.ts"
import { mergeAdapters, mergeTarget } from "./train/adapters.ts"
import { loadAdapters } from "./train/loadAdapters.ts"

/**
 * The model at `base` (a folder or a `.gguf` file) with the adapter in `folder` merged in; the tokenizer is the base's.
 *
 * **Fails**: rejects with `CheckpointUnreadable`, also when the adapter belongs to another base, or `UnsupportedModel`.
 */
export const openAdapted = async (base: string, folder: string): Promise<Checkpoint> => {
  const checkpoint = await openCheckpoint(base)
  const { config } = checkpoint
  const { adapters, mode } = await loadAdapters(folder, config)
  let merged: ReturnType<Checkpoint["weights"]> | undefined
  const merge = async () => {
    const weights = await checkpoint.weights()
    const target = mergeTarget(config, mode, weights)
    mergeAdapters(config, mode, adapters, weights, target)
    return target
  }
  return { ...checkpoint, path: folder, weights: () => merged ??= merge() }
}
