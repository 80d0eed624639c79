/** How batches go through a model: by its size, unless the job says otherwise. */
import { assert, describe, it } from "vitest"
import type { LlamaConfig } from "../../../models/Llama.ts"
import { runSizing } from "../../../models/train/runSizing.ts"
import { tinyConfig } from "./tinyModel.ts"

/** About 134 million parameters. */
const larger: LlamaConfig = {
  ...tinyConfig,
  layers: 30,
  hidden: 576,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
  ffn: 1536,
  vocab: 49152
}

describe("runSizing", () => {
  it("recomputes activations of large models only, and those of any model when asked to", () => {
    const recomputes = (config: LlamaConfig, recompute?: boolean) =>
      runSizing(config, 8, recompute === undefined ? {} : { recompute }).checkpointing
    assert.deepStrictEqual([recomputes(tinyConfig), recomputes(larger)], [false, true])
    assert.deepStrictEqual([recomputes(tinyConfig, true), recomputes(larger, false)], [true, false])
  })

  it("packs rows only when asked to", () => {
    assert.isFalse(runSizing(tinyConfig, 8, {}).packing)
    assert.isTrue(runSizing(larger, 8, { packing: true }).packing)
  })

  it("shares prompts where rows may have equal ones and do not share lines", () => {
    const shares = (choices: Parameters<typeof runSizing>[2]) =>
      [tinyConfig, larger].map((config) => runSizing(config, 8, choices).sharedPrefixes)
    assert.deepStrictEqual(shares({ sharedPrefixes: true }), [true, true])
    assert.deepStrictEqual(shares({}), [false, false])
    assert.deepStrictEqual(shares({ sharedPrefixes: true, packing: true }), [false, false])
  })
})
