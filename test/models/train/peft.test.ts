/**
 * Adapters in PEFT's format, both ways: those PEFT wrote give PEFT's log-probabilities here; those written here are
 * what `golden/makeGoldens.py` loaded into PEFT for the adapted log-probabilities that `golden.test.ts` compares with.
 */
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { openCheckpoint, saveCheckpoint } from "../../../models/Checkpoint.ts"
import { readSafetensors, writeSafetensors } from "../../../models/load/safetensors.ts"
import { linearNames, type LlamaConfig } from "../../../models/Llama.ts"
import { openAdapted } from "../../../models/openAdapted.ts"
import { wordLevelFiles } from "../../../models/Tokenizer.ts"
import type { Arrays } from "../../../models/train/AdamW.ts"
import { GradientEngine } from "../../../models/train/GradientEngine.ts"
import { loadAdapters } from "../../../models/train/loadAdapters.ts"
import { runSizing } from "../../../models/train/runSizing.ts"
import { saveAdapters } from "../../../models/train/saveAdapters.ts"
import type { LoraMode, TrainMode } from "../../../models/train/TrainMode.ts"
import type { Weights } from "../../../models/Weights.ts"
import golden from "../golden/llama.json" with { type: "json" }
import { goldenAdapters, goldenConfigs, goldenRows, goldenWeights } from "../golden/goldenModels.ts"
import { newFolder } from "./trainingFixture.ts"

const peftFolder = join(import.meta.dirname, "../golden/peftAdapter")
const config: LlamaConfig = goldenConfigs["qwen"]!

let base: string

beforeAll(async () => {
  base = newFolder()
  const words = ["<pad>", "<end>", ...Array.from({ length: 15 }, (_, i) => `w${i}`)]
  const tokenizerFrom = wordLevelFiles({ words, endToken: "<end>", padToken: "<pad>", chatTemplate: "" })
  await saveCheckpoint(base, { config, weights: goldenWeights(config), dtype: "f32", tokenizerFrom })
})

const logprobsOf = async (weights: Weights, mode: TrainMode, adapters: Arrays) => {
  const sizing = runSizing(config, 4, {})
  const engine = new GradientEngine({ config, weights, mode, adapters, loss: "none", threads: 1, sizing })
  const { logprobs } = await engine.run(goldenRows)
  await engine.release()
  return logprobs
}

const assertPeftLogprobs = (logprobs: ReadonlyArray<Float32Array>) =>
  golden.peftAdapter.logprobs.forEach((row, i) => {
    assert.strictEqual(logprobs[i]!.length, row.length)
    row.forEach((value, t) => assert.closeTo(logprobs[i]![t]!, value, 1e-5))
  })

const rejection = (promise: Promise<unknown>): Promise<string> =>
  promise.then(() => assert.fail("it should have failed"), (error: Error) => error.message)

/** A copy of PEFT's adapter with another configuration. */
const changed = (change: object): string => {
  const folder = newFolder()
  cpSync(peftFolder, folder, { recursive: true })
  const file = join(folder, "adapter_config.json")
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...change }))
  return folder
}

describe("an adapter that PEFT wrote", () => {
  it("gives PEFT's log-probabilities beside the weights it adapts", async () => {
    const { adapters, mode } = await loadAdapters(peftFolder, config)
    assert.deepStrictEqual([mode.rank, mode.targets], [3, ["q", "v", "down"]])
    assert.closeTo(mode.alpha, 6 * Math.sqrt(3), 1e-12)
    assertPeftLogprobs(await logprobsOf(goldenWeights(config), mode, adapters))
  })

  it("gives them merged, opened as one model, and saved as one", async () => {
    const opened = await openAdapted(base, peftFolder)
    const weights = await opened.weights()
    assertPeftLogprobs(await logprobsOf(weights, { kind: "full" }, new Map()))
    assert.strictEqual(await opened.weights(), weights)
    assert.deepStrictEqual(await (await openCheckpoint(base)).weights(), goldenWeights(config), "the base stays")
    const merged = newFolder()
    await saveCheckpoint(merged, { config, weights, dtype: "f32", tokenizerFrom: base })
    assert.deepStrictEqual(await (await openCheckpoint(merged)).weights(), weights)
  })

  it("is refused when it does what this engine does not compute", async () => {
    const reason = (change: object) => rejection(loadAdapters(changed(change), config))
    assert.match(await reason({ use_dora: true }), /adapter_config\.json: use_dora is true/)
    assert.match(await reason({ rank_pattern: { q_proj: 8 } }), /rank_pattern is \{"q_proj":8\}/)
    assert.match(await reason({ modules_to_save: ["lm_head"] }), /modules_to_save is \["lm_head"\]/)
    assert.match(await reason({ bias: "all" }), /bias is "all"/)
    assert.match(await reason({ peft_type: "IA3" }), /peft_type is "IA3"/)
    assert.match(await reason({ target_modules: ["embed_tokens"] }), /it adapts "embed_tokens"/)
    assert.match(await reason({ target_modules: ".*proj" }), /is the pattern "\.\*proj"/)
    assert.match(await reason({ r: "3" }), /it is not a PEFT configuration/)
    assert.match(await reason({ r: 4 }), /lora_A\.weight: its shape is \[3,8\], the configuration asks for \[4,8\]/)
    assert.match(
      await reason({ target_modules: ["q_proj", "v_proj"] }),
      /down_proj\.lora_A\.weight: it is no LoRA matrix/
    )
    assert.match(await rejection(loadAdapters(newFolder(), config)), /no such file; it is no adapter folder/)
  })

  it("is refused by a base of another shape or another vocabulary, with the tensor's name", async () => {
    const other = { ...config, hidden: 16 }
    assert.match(
      await rejection(loadAdapters(peftFolder, other)),
      /tensor base_model\.model\.model\.layers\.0\.self_attn\.q_proj\.lora_A\.weight: its shape is \[3,8\]/
    )
    const folder = changed({})
    const file = join(folder, "adapter_model.safetensors")
    const embedding = "base_model.model.model.embed_tokens.weight"
    await writeSafetensors(
      file,
      new Map([[embedding, new Float32Array(18 * 8)]]),
      new Map([[embedding, [18, 8]]]),
      "f32"
    )
    assert.match(
      await rejection(loadAdapters(folder, config)),
      /tensor base_model.*embed_tokens\.weight: it is for a vocabulary of 18, and the base model's is 17; .*\("base"\)/
    )
    const extended = changed({})
    writeFileSync(
      join(extended, "tokenizer.json"),
      JSON.stringify({ added_tokens: [{ id: 17, content: "<new>" }], model: { vocab: { a: 0, b: 16 } } })
    )
    assert.match(
      await rejection(openAdapted(base, extended)),
      /tokenizer\.json: its vocabulary of 18 is larger than the base model's 17/
    )
    assert.match(await rejection(openCheckpoint(peftFolder)), /it is an adapter without its base/)
  })
})

describe("an adapter written here", () => {
  it("is read back as it was, whichever maps it adapts", async () => {
    for (const targets of [linearNames, ["gate", "o"]] as const) {
      const mode: LoraMode = { kind: "lora", rank: 2, alpha: 5, targets }
      const adapters = new Map(
        [...goldenAdapters(config)].filter(([name]) => targets.some((target) => name.includes(`.${target}_proj.`)))
      )
      const folder = newFolder()
      await saveAdapters(folder, { config, mode, adapters, from: "base", dtype: "f32" })
      const loaded = await loadAdapters(folder, config)
      assert.deepStrictEqual(loaded.adapters, adapters)
      assert.deepStrictEqual([loaded.mode.rank, loaded.mode.alpha], [2, 5])
      assert.deepStrictEqual(new Set(loaded.mode.targets), new Set(targets))
    }
  })

  it("halves in bf16 and keeps its shapes", async () => {
    const mode: LoraMode = { kind: "lora", rank: 2, alpha: 5, targets: linearNames }
    const folder = newFolder()
    await saveAdapters(folder, { config, mode, adapters: goldenAdapters(config), from: "base", dtype: "bf16" })
    const name = "base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"
    const read = await readSafetensors(join(folder, "adapter_model.safetensors"), new Map([[name, [12, 2]]]))
    const exact = goldenAdapters(config).get("model.layers.1.mlp.up_proj.lora_B.weight")!
    read.get(name)!.forEach((value, i) => assert.closeTo(value, exact[i]!, Math.abs(exact[i]!) / 256))
  })
})
