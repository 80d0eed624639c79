/**
 * A tiny model on disk with a word-level tokenizer, and how the trainer tests run jobs on it: in this thread, with the
 * loop stopped where a test wants it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { openCheckpoint, saveCheckpoint } from "../../../models/Checkpoint.ts"
import { wordLevelFiles } from "../../../models/Tokenizer.ts"
import type { LoadedModel, TrainContext } from "../../../models/train/Optimisation.ts"
import type { SftJob } from "../../../models/train/TrainJob.ts"
import { tinyConfig, tinyWeights } from "./tinyModel.ts"

/** 29 words, as many as the tiny model has ids; the template ends every prompt in `<a>`. */
const words = ["<pad>", "<end>", "<a>", ...Array.from({ length: 26 }, (_, i) => String.fromCharCode(97 + i))]

const folders: Array<string> = []

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** An empty folder that is removed after the tests of the file. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "sinternal-train-"))
  folders.push(folder)
  return folder
}

/** Writes the base model and returns its folder. */
export const writeBase = async (): Promise<string> => {
  const folder = join(newFolder(), "base")
  const tokenizerFrom = wordLevelFiles({
    words,
    endToken: "<end>",
    padToken: "<pad>",
    chatTemplate: "{% for message in messages %}{{ message.content }} <a>{% endfor %}"
  })
  await saveCheckpoint(folder, { config: tinyConfig, weights: tinyWeights(tinyConfig), dtype: "f32", tokenizerFrom })
  return folder
}

export const load = async (folder: string): Promise<LoadedModel> => {
  const checkpoint = await openCheckpoint(folder)
  return { config: checkpoint.config, weights: await checkpoint.weights(), tokenizer: await checkpoint.tokenizer() }
}

/** A context that is asked to stop after `steps` steps. */
export const stoppingAfter = (steps: number): TrainContext => {
  let done = 0
  return { threads: 1, aborted: () => done >= steps, onProgress: () => void done++ }
}

export const running: TrainContext = { threads: 1, aborted: () => false, onProgress: () => {} }

/** Rows that map a letter to the three that follow it. */
export const alphabetRows = Array.from({ length: 20 }, (_, i) => ({
  id: `row${i}`,
  prompt: `z ${words[3 + i]}`,
  target: `${words[4 + i]} ${words[5 + i]} ${words[6 + i]}`
}))

export const sftJob = (from: string, change: Partial<SftJob> = {}): SftJob => ({
  from,
  to: join(newFolder(), "trained"),
  rows: alphabetRows,
  mode: "full",
  epochs: 2,
  batchSize: 6,
  learningRate: 0.01,
  schedule: "cosine",
  warmupFraction: 0.1,
  weightDecay: 0.01,
  betas: [0.9, 0.98],
  clipNorm: 1,
  seed: 1,
  maxLength: 32,
  merge: true,
  checkpointEverySteps: 0,
  dtype: "f32",
  ...change
})

/** Names and bytes of the files of a folder. */
export const contentsOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name)).toString("latin1")]))
