/**
 * What each sample of a group learns from its reward, where some rewards could not be read: the state `null`, which is
 * neither good nor bad. The arithmetic of a group with all its rewards is in `advantage.ts`.
 */
import { groupAdvantages, isUniform } from "./advantage.ts"

/** A sample's reward; null: unparsable, for example because its verdict could not be read. */
export type Reward = number | null

/**
 * What becomes of a sample without a reward: `zero` counts it as 0 within its group; `leaveOut` takes it out of its group
 * and out of the step, as if it had not been drawn.
 */
export type UnparsableReward = "zero" | "leaveOut"

/** The rewards that are compared within a group. */
export const countedRewards = (rewards: ReadonlyArray<Reward>, rule: UnparsableReward): ReadonlyArray<number> =>
  rule === "zero" ? rewards.map((reward) => reward ?? 0) : rewards.filter((reward) => reward !== null)

/** Whether a group has samples of different reward, so that one is better than another. */
export const isMixed = (rewards: ReadonlyArray<Reward>, rule: UnparsableReward): boolean =>
  !isUniform(countedRewards(rewards, rule))

/**
 * The advantage of each sample within its group; null where it is left out of the step. A sample that alone is left of
 * its group has nothing to be compared with and is left out, too.
 */
export const sampleAdvantages = (
  rewards: ReadonlyArray<Reward>,
  rule: UnparsableReward,
  epsilon?: number
): ReadonlyArray<number | null> => {
  const counted = countedRewards(rewards, rule)
  if (counted.length < 2 && counted.length < rewards.length) return rewards.map(() => null)
  const advantages = groupAdvantages(counted, epsilon)
  let next = 0
  return rewards.map((reward) => reward === null && rule === "leaveOut" ? null : advantages[next++]!)
}
