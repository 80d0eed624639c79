/**
 * What every sample of a GRPO step moves: its advantage within its group, the weight of its tokens in the loss, the rows
 * that are trained on, and the record of all that. Sampling, rewards and updates are in `grpo.ts`.
 */
import { aggregationWeights } from "./advantage.ts"
import type { TrainRow } from "./packRows.ts"
import type { PromptSamples } from "./rolloutPolicy.ts"
import { isMixed, type Reward, sampleAdvantages, type UnparsableReward } from "./sampleAdvantages.ts"
import type { GrpoJob } from "./TrainJob.ts"

const unparsableRewardDefault: UnparsableReward = "zero"

/** The answers to one prompt with their rewards. */
export interface Group extends PromptSamples {
  readonly rewards: ReadonlyArray<Reward>
}

/** A group with what each of its samples moves in the step. */
export interface Learned extends Group {
  /** null: left out of the step. */
  readonly advantages: ReadonlyArray<number | null>
  /** Weight of each token of a sample in the loss. */
  readonly tokenWeights: ReadonlyArray<number>
}

/** A prompt of a step as training.json has it, with what each of its samples was worth and moved. */
export interface PromptRecord {
  readonly id: string
  readonly kind: string
  /** null: unparsable. */
  readonly rewards: ReadonlyArray<Reward>
  /** null: left out of the step. */
  readonly advantages: ReadonlyArray<number | null>
  /** Of each sample in the average over tokens that is the loss. */
  readonly weights: ReadonlyArray<number>
}

/** What the job does with samples whose reward could not be read. */
export const unparsableRule = ({ unparsableReward }: GrpoJob): UnparsableReward =>
  unparsableReward ?? unparsableRewardDefault

/** What every sample of a step moves. */
export const learnt = (job: GrpoJob, groups: ReadonlyArray<Group>): ReadonlyArray<Learned> => {
  const rule = unparsableRule(job)
  const advantages = groups.map(({ rewards }) =>
    job.dropUniformGroups && !isMixed(rewards, rule)
      ? rewards.map(() => null)
      : sampleAdvantages(rewards, rule, job.advantageEpsilon)
  )
  const lengths = groups.flatMap(({ samples }, i) =>
    samples.map(({ ids }, j) => advantages[i]![j] === null ? 0 : ids.length)
  )
  const weights = aggregationWeights(lengths, job.aggregation, job.maxNewTokens)
  let next = 0
  return groups.map((group, i) => ({
    ...group,
    advantages: advantages[i]!,
    tokenWeights: group.samples.map(() => weights[next++]!)
  }))
}

/** The rows of a step. Samples of advantage 0 have no gradient without a KL term, but count in the averages. */
export const stepRows = (job: GrpoJob, groups: ReadonlyArray<Learned>): ReadonlyArray<TrainRow> =>
  groups.flatMap(({ advantages, promptIds, samples, tokenWeights }) =>
    samples.flatMap((sample, i) => {
      const advantage = advantages[i]!
      return advantage === null || (advantage === 0 && (job.klCoefficient ?? 0) === 0) ? [] : [{
        ids: [...promptIds, ...sample.ids],
        targetFrom: promptIds.length,
        weight: tokenWeights[i]!,
        advantage,
        oldLogprobs: sample.logprobs
      }]
    })
  )

export const promptRecord = ({ advantages, prompt, rewards, samples, tokenWeights }: Learned): PromptRecord => ({
  id: prompt.id,
  kind: prompt.kind,
  rewards,
  advantages,
  weights: samples.map(({ ids }, i) => ids.length * tokenWeights[i]!)
})
