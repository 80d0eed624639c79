/**
 * Writes the golden models, their adapters and their batches into a folder, for `makeGoldens.py` to compute with:
 *
 *     node test/models/golden/makeGoldens.ts FOLDER
 *     python test/models/golden/makeGoldens.py FOLDER   # torch 2.13.0 (CPU), transformers 5.18.0, peft 0.21.0
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { saveCheckpoint } from "../../../models/Checkpoint.ts"
import { wordLevelFiles } from "../../../models/Tokenizer.ts"
import { saveAdapters } from "../../../models/train/saveAdapters.ts"
import {
  goldenAdapters,
  goldenConfigs,
  goldenLora,
  goldenLoss,
  goldenPrompts,
  goldenRollouts,
  goldenWeights
} from "./goldenModels.ts"

const folder = process.argv[2]!
const tokenizerFrom = wordLevelFiles({
  words: ["<pad>", "<end>", ...Array.from({ length: 15 }, (_, i) => `w${i}`)],
  endToken: "<end>",
  padToken: "<pad>",
  chatTemplate: "{% for message in messages %}{{ message.content }}{% endfor %}"
})

mkdirSync(folder, { recursive: true })
const batch = { rollouts: goldenRollouts, loss: goldenLoss, prompts: goldenPrompts, models: Object.keys(goldenConfigs) }
writeFileSync(join(folder, "batch.json"), JSON.stringify(batch))
for (const [name, config] of Object.entries(goldenConfigs)) {
  await saveCheckpoint(join(folder, name), { config, weights: goldenWeights(config), dtype: "f32", tokenizerFrom })
  await saveAdapters(join(folder, `${name}.adapter`), {
    config,
    mode: goldenLora,
    adapters: goldenAdapters(config),
    from: join(folder, name),
    dtype: "f32"
  })
}
