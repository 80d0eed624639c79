/**
 * From nothing to a first token: opens a sampler on the model, as the pipeline does, and asks for one. Who
 * started the process times it from there.
 *
 *     node firstToken.ts MODEL THREADS
 */
import { openSampler } from "../../../models/sample/Sampler.ts"

const [from, threads] = process.argv.slice(2) as [string, string]
const sampler = await openSampler(from, { width: 8, threads: Number(threads) })
const { ids } = await sampler.sample({
  promptIds: Array.from({ length: 32 }, (_, i) => i + 2),
  maxNewTokens: 1,
  temperature: 0,
  topP: 1,
  topK: 0,
  seed: 1
})
const atMs = performance.timeOrigin + performance.now()
const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
console.log(JSON.stringify({ ids, atMs, cpuS: (systemCPUTime + userCPUTime) / 1e6, rssBytes: maxRSS * 1024 }))
await sampler.close()
