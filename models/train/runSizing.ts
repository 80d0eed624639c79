/**
 * How much of a batch goes through the model at once, by the size of the model: small ones are run with time in mind,
 * larger ones with memory.
 */
import type { Weights } from "../Weights.ts"
import type { PackOptions } from "./packRows.ts"

/** How batches are cut into runs, and how those spare memory. */
export interface RunSizing extends PackOptions {
  /** Recompute activations in the backward pass. */
  readonly checkpointing: boolean
  /** Sequences sampled side by side in GRPO. */
  readonly decoderWidth: number
}

/** In parameters. */
const smallModelLimit = 20_000_000

/** Sizes for a model and batches of at most `rowsPerRun` rows; 2,048 tokens of a 135M model take about 2 GB. */
export const runSizing = (weights: Weights, rowsPerRun: number): RunSizing => {
  let parameters = 0
  for (const values of weights.values()) parameters += values.length
  return parameters <= smallModelLimit
    ? {
      rowsPerRun,
      tokensPerRun: 4096,
      lengthBucket: 8,
      targetBucket: 1 / 8,
      checkpointing: false,
      decoderWidth: 64
    }
    : {
      rowsPerRun,
      tokensPerRun: 2048,
      lengthBucket: 32,
      targetBucket: 1 / 8,
      checkpointing: true,
      decoderWidth: 16
    }
}
