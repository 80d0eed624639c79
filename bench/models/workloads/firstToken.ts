/**
 * A process from its start to its first token, the model's file being in the system's cache.
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { Workload } from "../Bench.ts"

const program = fileURLToPath(new URL("../ours/firstToken.ts", import.meta.url))
const run = promisify(execFile)

export const firstToken: Workload = {
  figures: ["first-token"],
  measure: async ({ model, record, runs, say, threads: { training: threads } }) => {
    // round 0 reads the file into the cache
    for (let round = 0; round <= runs; round++) {
      const begunMs = performance.timeOrigin + performance.now()
      const { stdout } = await run(process.execPath, [program, model, `${threads}`])
      const { atMs, cpuS, ids, rssBytes } = JSON.parse(stdout)
      if (round === 0) continue
      record.add("first-token", { ours: { wallS: (atMs - begunMs) / 1000, cpuS, rssBytes, result: { ids } } })
      say(`first-token: round ${round} of ${runs}`)
    }
  }
}
