/**
 * How much of a batch goes through the model at once, by the size of the model: small ones are run with time in mind,
 * larger ones with memory.
 */
import { type LlamaConfig, parameterShapes } from "../Llama.ts"
import type { PackOptions } from "./packRows.ts"
import type { OptimiserSettings } from "./TrainJob.ts"

/** How batches are cut into runs, and how those spare memory. */
export interface RunSizing extends PackOptions {
  /** Recompute activations in the backward pass. */
  readonly checkpointing: boolean
  /** Rows with equal prompts compute them once a run. */
  readonly sharedPrefixes?: boolean
  /** Most sequences sampled side by side in GRPO. */
  readonly decoderWidth: number
}

/** In parameters. */
const smallModelLimit = 20_000_000

/** What a job may decide itself. */
export interface SizingChoices extends Pick<OptimiserSettings, "packing" | "recompute"> {
  /** As in `RunSizing`; rows that share lines share nothing else. */
  readonly sharedPrefixes?: boolean
}

/** Sizes for a model and batches of at most `rowsPerRun` rows; 2,048 tokens of a 135M model take about 2 GB. */
export const runSizing = (config: LlamaConfig, rowsPerRun: number, choices: SizingChoices): RunSizing => {
  let parameters = 0
  for (const shape of parameterShapes(config).values()) parameters += shape.reduce((a, b) => a * b, 1)
  const packing = choices.packing ?? false
  const sharedPrefixes = choices.sharedPrefixes === true && !packing
  return parameters <= smallModelLimit
    ? {
      rowsPerRun,
      tokensPerRun: 4096,
      lengthBucket: 8,
      targetBucket: 1 / 8,
      checkpointing: choices.recompute ?? false,
      packing,
      sharedPrefixes,
      decoderWidth: 64
    }
    : {
      rowsPerRun,
      tokensPerRun: 2048,
      lengthBucket: 32,
      targetBucket: 1 / 8,
      checkpointing: choices.recompute ?? true,
      packing,
      sharedPrefixes,
      decoderWidth: 32
    }
}
