/**
 * Which prompts a GRPO step takes: a fixed number of each kind, drawn without replacement within the step and anew for
 * every step, from the seed and the step alone.
 */
import { makeRandom } from "../sample/Random.ts"
import { TrainingFailed } from "./TrainingFailed.ts"
import type { GrpoJob, GrpoPrompt } from "./TrainJob.ts"

/** The prompts of each kind of the mix. */
export type PromptPools = ReadonlyMap<string, ReadonlyArray<GrpoPrompt>>

/**
 * Sorts the prompts of a job by kind.
 *
 * **Fails**: throws `TrainingFailed` when a kind of the mix has fewer prompts than a step takes, or when the mix is
 * empty.
 */
export const promptPools = (job: GrpoJob): PromptPools => {
  const pools = new Map<string, ReadonlyArray<GrpoPrompt>>()
  for (const [kind, count] of Object.entries(job.mix)) {
    const pool = job.prompts.filter((prompt) => prompt.kind === kind)
    if (pool.length < count) {
      const reason = `the mix takes ${count} prompts of kind "${kind}" per step, and there are ${pool.length}`
      throw new TrainingFailed({ from: job.from, reason })
    }
    if (count > 0) pools.set(kind, pool)
  }
  if (pools.size === 0) throw new TrainingFailed({ from: job.from, reason: "the mix takes no prompts at all" })
  return pools
}

/** The prompts of step `step` (from 0), kind after kind in the order of the mix. */
export const drawPrompts = (job: GrpoJob, pools: PromptPools, step: number): ReadonlyArray<GrpoPrompt> =>
  Array.from(pools).flatMap(([kind, pool]) => {
    const random = makeRandom(job.seed, `prompts/${step}/${kind}`)
    const rest = [...pool]
    return Array.from({ length: job.mix[kind]! }, () => {
      const place = Math.floor(random.uniform() * rest.length)
      const chosen = rest[place]!
      rest[place] = rest.at(-1)!
      rest.pop()
      return chosen
    })
  })
