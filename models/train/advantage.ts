/**
 * The arithmetic of GRPO outside the graph: advantages of samples within their group, and the weights by which token
 * losses add up. The clipped objective itself is in `tokenLoss.ts`.
 */
import type { Aggregation } from "./TrainJob.ts"

/** Default of what is added to the deviation of a group's rewards. */
export const advantageEpsilonDefault = 1e-6

/**
 * Advantage of each sample within its group: its reward minus the mean, over the sample standard deviation (n − 1) plus
 * `epsilon`. Equal rewards give exactly 0. A group of one has nothing to compare with: its advantage is
 * `reward / (1 + epsilon)`.
 *
 * **Source**: `compute_grpo_outcome_advantage` of verl 0.9.1; Shao et al. 2024, section 4.1.2.
 */
export const groupAdvantages = (
  rewards: ReadonlyArray<number>,
  epsilon: number = advantageEpsilonDefault
): ReadonlyArray<number> => {
  if (rewards.length === 1) return [rewards[0]! / (1 + epsilon)]
  if (isUniform(rewards)) return rewards.map(() => 0)
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length
  const squares = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / (rewards.length - 1))
  return rewards.map((reward) => (reward - mean) / (deviation + epsilon))
}

/** Whether all samples of a group got the same reward, so that none is better than another. */
export const isUniform = (rewards: ReadonlyArray<number>): boolean => rewards.every((reward) => reward === rewards[0])

/**
 * The weight of every token of each sequence, so that the weighted sum of token losses is the aggregate. With S the
 * number of sequences that have tokens:
 *
 * - `token-mean`: mean over all tokens (DAPO);
 * - `sequence-mean`: mean over sequences of each one's token mean (GRPO);
 * - `sequence-sum`: mean over sequences of each one's token sum;
 * - `dr-grpo`: like `sequence-sum`, divided by the constant `longest`, so that length has no influence (Dr. GRPO).
 *
 * **Source**: `agg_loss` of verl 0.9.1.
 */
export const aggregationWeights = (
  lengths: ReadonlyArray<number>,
  aggregation: Aggregation,
  longest: number
): ReadonlyArray<number> => {
  const tokens = lengths.reduce((sum, length) => sum + length, 0)
  const sequences = lengths.filter((length) => length > 0).length
  return lengths.map((length) => {
    if (length === 0) return 0
    switch (aggregation) {
      case "token-mean":
        return 1 / tokens
      case "sequence-mean":
        return 1 / (sequences * length)
      case "sequence-sum":
        return 1 / sequences
      case "dr-grpo":
        return 1 / (sequences * longest)
    }
  })
}
