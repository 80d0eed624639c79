/**
 * A pipeline's process that samples and trains at once: how long its thread was ever blocked, and how much memory it has
 * once both are done. Blocked is processor time between two turns of the event loop; a timer is late by as much, and by
 * the time in which the thread had no core.
 *
 *     node both.ts MODEL FOLDER SIZES.json
 */
import { readFileSync } from "node:fs"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setTimeout as wait } from "node:timers/promises"
import { openSampler } from "../../../models/sample/Sampler.ts"
import { trainSft } from "../../../models/train/Trainer.ts"
import type { SftJob } from "../../../models/train/TrainJob.ts"
import { randomRows, textOf } from "../benchModel.ts"
import type { Sizes } from "../figures.ts"
import { endTurn, nextTurn, ready } from "../turns.ts"

const [from, to, sizes] = process.argv.slice(2) as [string, string, string]
const { answers, length, newTokens, rows, steps }: Sizes["both"] = JSON.parse(readFileSync(sizes, "utf8"))

/** One thread each, as many as the machine is sure to have cores. */
const threads = 1
const settleMs = 1000

/** Watches the thread until it is called; gives the longest time without a turn, on the processor and in all. */
const watchThread = (): () => { readonly blockedMs: number; readonly lateMs: number } => {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  let longest = 0
  let last = process.threadCpuUsage()
  const timer = setInterval(() => {
    const now = process.threadCpuUsage()
    longest = Math.max(longest, now.user + now.system - last.user - last.system)
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    delay.disable()
    return { blockedMs: longest / 1000, lateMs: delay.max / 1e6 }
  }
}

const sample = async (): Promise<void> => {
  const sampler = await openSampler(from, { width: 16, threads })
  const asked = randomRows(answers, 32, 1).map((promptIds, seed) =>
    sampler.sample({ promptIds, maxNewTokens: newTokens, temperature: 1, topP: 1, topK: 0, seed })
  )
  await Promise.all(asked)
  await sampler.close()
}

const job: SftJob = {
  from,
  to,
  mode: "lora",
  rank: 16,
  alpha: 32,
  rows: randomRows(rows, length - 1, 1).map((ids) => ({
    prompt: textOf(ids.slice(0, 1)),
    target: textOf(ids.slice(1))
  })),
  raw: true,
  batchSize: rows,
  steps,
  maxLength: length,
  learningRate: 1e-4,
  weightDecay: 0.01,
  betas: [0.9, 0.999],
  clipNorm: 1,
  seed: 1,
  schedule: "constant",
  warmupFraction: 0,
  checkpointEverySteps: 1,
  dtype: "f32",
  merge: true
}

ready()
while (nextTurn() !== undefined) {
  const before = process.memoryUsage.rss()
  const watched = watchThread()
  await Promise.all([sample(), trainSft(job, { threads })])
  const blocking = watched()
  await wait(settleMs)
  endTurn({ ...blocking, kept: process.memoryUsage.rss() / before, megabytes: before / 1e6 })
}
