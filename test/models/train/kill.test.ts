/**
 * Processes killed without warning, one after the other: what the last of them writes is what one process would have
 * written.
 */
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { assert, beforeAll, describe, it } from "vitest"
import type { GrpoJob, SftJob } from "../../../models/train/TrainJob.ts"
import { contentsOf, newFolder, sftJob, writeBase } from "./trainingFixture.ts"

const script = join(import.meta.dirname, "fixtures", "trainProcess.ts")

let base: string

beforeAll(async () => {
  base = await writeBase()
})

/** Runs `job` in a process that is killed when it reports its `killAt`-th step. */
const run = (
  kind: string,
  job: SftJob | GrpoJob,
  killAt = Infinity
): Promise<{ readonly steps: ReadonlyArray<number>; readonly killed: boolean }> => {
  const file = join(newFolder(), "job.json")
  writeFileSync(file, JSON.stringify({ kind, job }))
  const child = spawn(process.execPath, [script, file], { stdio: ["ignore", "pipe", "inherit"] })
  const steps: Array<number> = []
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (steps.push(Number(line)) === killAt) child.kill("SIGKILL")
  })
  return new Promise((resolve, reject) =>
    child.on(
      "close",
      (code, signal) =>
        code === 0 || signal === "SIGKILL"
          ? resolve({ steps, killed: code !== 0 })
          : reject(new Error(`the process ended with ${code}`))
    )
  )
}

const grpoJob = (): GrpoJob => ({
  from: base,
  to: join(newFolder(), "trained"),
  prompts: ["a", "b", "c", "d"].map((prompt) => ({ id: prompt, prompt, kind: "k" })),
  mix: { k: 3 },
  steps: 4,
  epochs: 2,
  learningRate: 0.02,
  aggregation: "token-mean",
  temperature: 1,
  topP: 1,
  maxNewTokens: 4,
  mode: "lora",
  klCoefficient: 0.05,
  weightDecay: 0,
  betas: [0.9, 0.99],
  clipNorm: 1,
  seed: 1,
  dropUniformGroups: true,
  minMixedShare: 0,
  checkpointEverySteps: 1,
  dtype: "f32"
})

const jobs: ReadonlyArray<readonly [string, () => SftJob | GrpoJob]> = [
  ["sft", () => sftJob(base, { checkpointEverySteps: 1 })],
  ["grpo", grpoJob]
]

describe("a training process killed with SIGKILL", () => {
  for (const [kind, make] of jobs) {
    it(`every second step continues to the same bytes (${kind})`, async () => {
      const whole = make()
      await run(kind, whole)
      const parts = make()
      const runs = [await run(kind, parts, 2)]
      // a process that has begun its second step has saved its first, so each gets further than the one before
      while (runs.at(-1)!.killed) runs.push(await run(kind, parts, 2))
      assert.isAbove(runs.length, 1)
      for (const { steps } of runs.slice(1)) assert.isAbove(steps[0]!, 1, "it continued")
      assert.deepStrictEqual(contentsOf(parts.to), contentsOf(whole.to))
    })
  }
})
