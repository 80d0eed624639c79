/**
 * A sampler and a trainer at work beside the thread that asked for them: whether it could go on, and what is left of
 * their memory. The first round counts, too.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { ours, withSides, type Workload } from "../Bench.ts"

export const both: Workload = {
  figures: ["release", "main-thread"],
  measure: async (bench) => {
    const { folder, model, record, runs, say, sizes } = bench
    const file = join(folder, "both.json")
    writeFileSync(file, JSON.stringify(sizes.both))
    const side = await ours(bench, "both", model, join(folder, "both"), file)
    await withSides([side], async () => {
      for (let round = 1; round <= runs; round++) {
        const unit = await side.work()
        const { blockedMs, kept, lateMs, megabytes } = unit.result as { readonly [name: string]: number }
        record.add("release", { ours: unit, kept: kept! })
        record.note("release", `${kept!.toFixed(3)} of ${megabytes!.toFixed(0)} MB in the last round`)
        record.add("main-thread", { ours: unit, blockedMs: blockedMs! })
        record.note(
          "main-thread",
          `${blockedMs!.toFixed(0)} ms in the last round; timers at most ${lateMs!.toFixed(0)} ms late`
        )
        say(`both: round ${round} of ${runs}`)
      }
    })
  }
}
