/**
 * What is measured and what is asked of it. How each is measured is in `workloads/`.
 */

/** A limit on the best of the runs. */
export interface Limit {
  /**
   * `cpuRatio`, `wallRatio`: the other side's time over ours; `share`: part of the measured peak; `wallS`: seconds;
   * `rssBytes`: our process's peak; `kept`: memory after a model was used over that before; `blockedMs`: the longest
   * time in which the thread that asked could do nothing.
   */
  readonly of: "cpuRatio" | "wallRatio" | "share" | "wallS" | "rssBytes" | "kept" | "blockedMs"
  readonly atLeast?: number
  readonly atMost?: number
}

export interface FigureSpec {
  readonly id: string
  readonly what: string
  readonly limits: ReadonlyArray<Limit>
}

const faster = (atLeast: number): Limit => ({ of: "cpuRatio", atLeast })

export const figures: ReadonlyArray<FigureSpec> = [
  { id: "lora", what: "LoRA step, activations kept, against peft", limits: [faster(1.2)] },
  {
    id: "lora-recompute",
    what: "LoRA step, activations recomputed, against peft keeping them",
    limits: [faster(1), { of: "rssBytes", atMost: 2.2e9 }]
  },
  { id: "lora-both", what: "the same, against peft recomputing them", limits: [] },
  { id: "peak", what: "LoRA step, share of the matrix product's speed", limits: [{ of: "share", atLeast: 0.85 }] },
  { id: "decode-1", what: "decode, batch 1, against HF generate", limits: [faster(1.4)] },
  { id: "decode-8", what: "decode, batch 8", limits: [faster(1.6)] },
  { id: "decode-32", what: "decode, batch 32", limits: [faster(1.7)] },
  { id: "decode-int8", what: "decode, batch 1, int8 against float32", limits: [faster(4)] },
  { id: "grpo", what: "GRPO step, against TRL", limits: [faster(2.5)] },
  { id: "first-token", what: "start, load, first token", limits: [{ of: "wallS", atMost: 2 }] },
  { id: "release", what: "memory after a sampler and a trainer", limits: [{ of: "kept", atMost: 1.15 }] },
  { id: "main-thread", what: "main thread while both work", limits: [{ of: "blockedMs", atMost: 50 }] }
]

/** How large the work is. */
export interface Sizes {
  readonly lora: { readonly rows: number; readonly length: number }
  readonly decode: ReadonlyArray<{
    readonly id: string
    readonly batch: number
    readonly prompt: number
    readonly newTokens: number
    readonly precision: "f32" | "int8"
  }>
  readonly grpo: {
    readonly prompts: number
    readonly samples: number
    readonly prompt: number
    readonly newTokens: number
  }
  /** Side by side: a sampler's answers of so many tokens, and a trainer's steps on so many rows of so many tokens. */
  readonly both: {
    readonly answers: number
    readonly newTokens: number
    readonly steps: number
    readonly rows: number
    readonly length: number
  }
}

export const fullSizes: Sizes = {
  lora: { rows: 4, length: 512 },
  decode: [
    { id: "decode-1", batch: 1, prompt: 128, newTokens: 48, precision: "f32" },
    { id: "decode-int8", batch: 1, prompt: 128, newTokens: 48, precision: "int8" },
    { id: "decode-8", batch: 8, prompt: 128, newTokens: 24, precision: "f32" },
    { id: "decode-32", batch: 32, prompt: 32, newTokens: 24, precision: "f32" }
  ],
  grpo: { prompts: 4, samples: 8, prompt: 128, newTokens: 128 },
  both: { answers: 64, newTokens: 24, steps: 3, rows: 2, length: 256 }
}

/** Shows that everything works; its times say nothing. */
export const quickSizes: Sizes = {
  lora: { rows: 2, length: 64 },
  decode: fullSizes.decode.map((each) => ({ ...each, prompt: 16, newTokens: 8 })),
  grpo: { prompts: 2, samples: 2, prompt: 16, newTokens: 8 },
  both: { answers: 8, newTokens: 4, steps: 1, rows: 2, length: 64 }
}
