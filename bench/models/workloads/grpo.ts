/**
 * A whole GRPO step with LoRA: samples, log-probabilities under the starting model, gradients, AdamW. Rewards cost
 * nothing.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { ours, theirs, withSides, type Workload } from "../Bench.ts"
import { randomRows } from "../benchModel.ts"

/** A round takes as long as all those of the others. */
const runsPerRound = 3

export const grpo: Workload = {
  figures: ["grpo"],
  measure: async (bench) => {
    const { folder, model, record, runs, say, sizes, threads: { training: threads } } = bench
    const { newTokens, prompt, prompts, samples } = sizes.grpo
    const file = join(folder, "prompts.json")
    writeFileSync(file, JSON.stringify(randomRows(prompts, prompt, 2)))
    const ourSide = await ours(bench, "grpo", model, join(folder, "grpo"), threads, file, samples, newTokens)
    const theirSide = await theirs(bench, "grpo", model, join(folder, "trl"), threads, file, samples, newTokens)
    await withSides([ourSide, theirSide], async () => {
      const rounds = Math.ceil(runs / runsPerRound)
      // round 0 is the warm-up
      for (let round = 0; round <= rounds; round++) {
        const ourUnit = await ourSide.work()
        const theirUnit = await theirSide.work()
        if (round === 0) continue
        const { sampled } = ourUnit.result
        const problems = sampled === theirUnit.result["sampled"] ? [] : [`${sampled} samples, not theirs' number`]
        record.add("grpo", { ours: ourUnit, theirs: theirUnit, problems })
        say(`grpo: round ${round} of ${rounds}`)
      }
    })
  }
}
