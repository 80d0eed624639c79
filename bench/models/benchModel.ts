/**
 * The model that is measured with, written for both sides to load: the shape of SmolLM2-135M with random float32
 * weights and one word per token, and rows of random tokens. Only speed is asked, which does not depend on the values;
 * that both sides compute the same is compared all the same.
 */
import { saveCheckpoint } from "../../models/Checkpoint.ts"
import { initialWeights, type LlamaConfig } from "../../models/Llama.ts"
import { makeRandom } from "../../models/sample/Random.ts"
import { wordLevelFiles } from "../../models/Tokenizer.ts"

/** SmolLM2-135M. */
export const benchConfig: LlamaConfig = {
  layers: 30,
  hidden: 576,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
  ffn: 1536,
  vocab: 49152,
  ropeTheta: 100000,
  rmsEps: 1e-5,
  tied: true,
  contextLength: 8192,
  qkvBias: false
}

export const endToken = 1

const words = ["<pad>", "<end>", ...Array.from({ length: benchConfig.vocab - 2 }, (_, i) => `w${i + 2}`)]

/** The words of `ids`; the tokenizer makes them into `ids` again. */
export const textOf = (ids: ReadonlyArray<number>): string => ids.map((id) => words[id]!).join(" ")

/** Rows of token ids without the two special ones; equal for equal `seed`. */
export const randomRows = (rows: number, length: number, seed: number): ReadonlyArray<ReadonlyArray<number>> => {
  const random = makeRandom(seed, "rows")
  return Array.from(
    { length: rows },
    () => Array.from({ length }, () => 2 + Math.floor(random.uniform() * (benchConfig.vocab - 2)))
  )
}

/** Writes the model into `folder`, 540 MB. */
export const writeBenchModel = async (folder: string): Promise<void> => {
  const chatTemplate = "{% for message in messages %}{{ message.content }}{% endfor %}"
  await saveCheckpoint(folder, {
    config: benchConfig,
    weights: initialWeights(benchConfig, 1),
    dtype: "f32",
    tokenizerFrom: wordLevelFiles({ words, endToken: "<end>", padToken: "<pad>", chatTemplate })
  })
}
