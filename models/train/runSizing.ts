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
  /** Sequences sampled side by side in GRPO. */
  readonly decoderWidth: number
}

/** In parameters. */
const smallModelLimit = 20_000_000

/** What a job may decide itself. */
export type SizingChoices = Pick<OptimiserSettings, "packing" | "recompute">

/** Sizes for a model and batches of at most `rowsPerRun` rows; 2,048 tokens of a 135M model take about 2 GB. */
export const runSizing = (config: LlamaConfig, rowsPerRun: number, choices: SizingChoices): RunSizing => {
  let parameters = 0
  for (const shape of parameterShapes(config).values()) parameters += shape.reduce((a, b) => a * b, 1)
  const packing = choices.packing ?? false
  return parameters <= smallModelLimit
    ? {
      rowsPerRun,
      tokensPerRun: 4096,
      lengthBucket: 8,
      targetBucket: 1 / 8,
      checkpointing: choices.recompute ?? false,
      packing,
      decoderWidth: 64
    }
    : {
      rowsPerRun,
      tokensPerRun: 2048,
      lengthBucket: 32,
      targetBucket: 1 / 8,
      checkpointing: choices.recompute ?? true,
      packing,
      decoderWidth: 16
    }
}
