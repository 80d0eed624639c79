/**
 * Group-relative policy optimisation: every step samples a group of answers to some prompts from the model as it is,
 * asks for their rewards, and moves the model towards the better answers of each group. Sampling and training share one
 * set of weights in memory. Where rewards come from is the caller's business.
 */
import { policyMemory } from "../memory.ts"
import { aggregationWeights, groupAdvantages, isUniform } from "./advantage.ts"
import { GradientEngine } from "./GradientEngine.ts"
import { type LoadedModel, Optimisation, type StepResult, type TrainContext, TrainingAborted } from "./Optimisation.ts"
import type { TrainRow } from "./packRows.ts"
import { drawPrompts, type PromptPools, promptPools } from "./promptPools.ts"
import { openRolloutPolicy, type PromptSamples, type RolloutPolicy } from "./rolloutPolicy.ts"
import { runSizing } from "./runSizing.ts"
import { scheduleFactor } from "./schedule.ts"
import { TooFewMixedGroups, TrainingFailed } from "./TrainingFailed.ts"
import type { GrpoJob, GrpoResult, GrpoStep, RewardFunction } from "./TrainJob.ts"

export interface GrpoContext extends TrainContext {
  readonly reward: RewardFunction
}

/** One step of the history in training.json. */
interface GrpoRecord extends GrpoStep {
  readonly gradNorm: number
  readonly tokens: number
  /** Prompts of the step with the rewards of their samples. */
  readonly prompts: ReadonlyArray<{ readonly id: string; readonly rewards: ReadonlyArray<number> }>
}

/** The answers to one prompt with their rewards. */
interface Group extends PromptSamples {
  readonly rewards: ReadonlyArray<number>
}

/** What a run works with. */
interface GrpoRun {
  readonly job: GrpoJob
  readonly context: GrpoContext
  readonly training: Optimisation<GrpoRecord>
  readonly policy: RolloutPolicy
  readonly reference: GradientEngine | undefined
  readonly pools: PromptPools
  /** Ends sampling in the middle of a step. */
  readonly stopped: AbortSignal
}

const clipLowDefault = 0.2
const clipHighDefault = 0.28
const epochsDefault = 1
/** Rows of one training run are cut by tokens; this is the most there can be. */
const rowsPerRun = 64
const abortPollMs = 50

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

const rewarded = async (
  { context, job }: GrpoRun,
  rollouts: ReadonlyArray<PromptSamples>
): Promise<ReadonlyArray<Group>> => {
  const batch = rollouts.flatMap(({ prompt, samples }) =>
    samples.map(({ finishReason, text }) => ({ promptId: prompt.id, completionText: text, finishReason }))
  )
  const rewards = await context.reward(batch)
  const wrong = rewards.findIndex((reward) => !Number.isFinite(reward))
  if (rewards.length !== batch.length || wrong >= 0) {
    const found = rewards.length !== batch.length
      ? `${rewards.length} rewards`
      : `reward ${rewards[wrong]} for ${batch[wrong]!.promptId}`
    const reason = `the reward function answered ${batch.length} completions with ${found}`
    throw new TrainingFailed({ from: job.from, reason })
  }
  let next = 0
  return rollouts.map((rollout) => ({ ...rollout, rewards: rollout.samples.map(() => rewards[next++]!) }))
}

/** The rows of a step. Samples of advantage 0 have no gradient without a KL term, but count in the averages. */
const stepRows = (job: GrpoJob, groups: ReadonlyArray<Group>): ReadonlyArray<TrainRow> => {
  const kept = job.dropUniformGroups ? groups.filter(({ rewards }) => !isUniform(rewards)) : groups
  const sequences = kept.flatMap(({ promptIds, rewards, samples }) => {
    const advantages = groupAdvantages(rewards, job.advantageEpsilon)
    return samples.map((sample, i) => ({ promptIds, sample, advantage: advantages[i]! }))
  })
  const lengths = sequences.map(({ sample }) => sample.ids.length)
  const weights = aggregationWeights(lengths, job.aggregation, job.maxNewTokens)
  return sequences.map(({ advantage, promptIds, sample }, i) => ({
    ids: [...promptIds, ...sample.ids],
    targetFrom: promptIds.length,
    weight: weights[i]!,
    advantage,
    oldLogprobs: sample.logprobs
  })).filter(({ advantage }) => advantage !== 0 || (job.klCoefficient ?? 0) !== 0)
}

const withReference = async (
  reference: GradientEngine | undefined,
  rows: ReadonlyArray<TrainRow>
): Promise<ReadonlyArray<TrainRow>> => {
  if (reference === undefined || rows.length === 0) return rows
  const { logprobs } = await reference.run(rows)
  return rows.map((row, i) => ({ ...row, referenceLogprobs: logprobs[i]! }))
}

/** Log-probabilities under the starting model, for the KL term; a copy of its weights where training changes them. */
const openReference = (job: GrpoJob, model: LoadedModel, threads: number): GradientEngine | undefined => {
  if ((job.klCoefficient ?? 0) === 0) return undefined
  const copy = () => new Map(Array.from(model.weights, ([name, values]) => [name, values.slice()]))
  return new GradientEngine({
    config: model.config,
    weights: job.mode === "full" ? copy() : model.weights,
    mode: { kind: "full" },
    adapters: new Map(),
    loss: "none",
    threads,
    sizing: runSizing(model.config, rowsPerRun, job)
  })
}

const checkFirstBatch = (job: GrpoJob, outcome: Omit<GrpoStep, "loss">): void => {
  const { groups, mixedGroups, rewardMean, step } = outcome
  if (step !== 1 || mixedGroups >= job.minMixedShare * groups) return
  throw new TooFewMixedGroups({
    mixed: mixedGroups,
    allEqual: groups - mixedGroups,
    groups,
    rewardMean,
    required: job.minMixedShare
  })
}

/** The updates of a step; returns the last one's outcome. */
const update = async ({ job, training }: GrpoRun, rows: ReadonlyArray<TrainRow>): Promise<StepResult> => {
  const factor = scheduleFactor(job.schedule ?? "constant", training.done, job.steps, job.warmupFraction ?? 0)
  let result: StepResult | undefined
  for (let epoch = 0; epoch < (job.epochs ?? epochsDefault); epoch++) {
    result = await training.step(rows, job.learningRate * factor)
  }
  return result!
}

const runStep = async (run: GrpoRun): Promise<void> => {
  const { job, policy, pools, reference, stopped, training } = run
  const started = performance.now()
  const step = training.done + 1
  const prompts = drawPrompts(job, pools, training.done)
  const groups = await rewarded(run, await policy.sample(prompts, training.done, stopped))
  const rewards = groups.flatMap((group) => group.rewards)
  const outcome = {
    step,
    rewardMean: sum(rewards) / rewards.length,
    mixedGroups: groups.filter((group) => !isUniform(group.rewards)).length,
    groups: groups.length
  }
  checkFirstBatch(job, outcome)
  const rows = await withReference(reference, stepRows(job, groups))
  const { gradNorm, loss } = await update(run, rows)
  const samples = groups.flatMap((group) => group.samples)
  const tokens = sum(samples.map(({ ids, promptTokens }) => ids.length + promptTokens))
  const tokensPerSecond = tokens / (performance.now() - started) * 1000
  await training.endStep(
    { ...outcome, loss, gradNorm, tokens, prompts: groups.map(({ prompt, rewards }) => ({ id: prompt.id, rewards })) },
    { step, steps: job.steps, loss, rewardMean: outcome.rewardMean, tokensPerSecond, gradNorm }
  )
}

const runSteps = async (run: GrpoRun): Promise<void> => {
  const { context, job, training } = run
  while (training.done < job.steps) {
    try {
      await runStep(run)
    } catch (cause) {
      // Stopped inside a step, before its first update: the state before it is what can be continued.
      const untouched = Number.isInteger(training.done)
      if (context.aborted() && untouched && !(cause instanceof TrainingAborted)) await training.abort(job.steps)
      throw cause
    }
  }
}

/**
 * Trains `model` by `job` and writes the result to `job.to`. Prompts and samples of a step derive from the seed and the
 * step, so a saved state of the same job is continued to the same weights.
 *
 * **Fails**: rejects with `TooFewMixedGroups`, `TrainingFailed`, `NotEnoughMemory`, or `TrainingAborted` when the
 * context says so.
 */
export const runGrpo = async (job: GrpoJob, model: LoadedModel, context: GrpoContext): Promise<GrpoResult> => {
  const pools = promptPools(job)
  const reference = openReference(job, model, context.threads)
  const training = new Optimisation<GrpoRecord>(job, model, context, {
    loss: {
      kind: "grpo",
      clipLow: job.clipLow ?? clipLowDefault,
      clipHigh: job.clipHigh ?? clipHighDefault,
      klCoefficient: job.klCoefficient ?? 0,
      ...(job.dualClip !== undefined && { dualClip: job.dualClip })
    },
    batchSize: rowsPerRun,
    updatesPerStep: job.epochs ?? epochsDefault
  })
  const { adapters, mode } = training
  const policy = await openRolloutPolicy(job, model, {
    mode,
    adapters,
    threads: context.threads,
    width: runSizing(model.config, rowsPerRun, job).decoderWidth
  })
  const stopping = new AbortController()
  const poll = setInterval(() => context.aborted() && stopping.abort(), abortPollMs)
  try {
    const others = policyMemory(model.config, { lora: mode.kind === "lora", reference: reference !== undefined })
    training.requireMemory(policy.longest, others)
    await training.restore()
    await runSteps({ job, context, training, policy, reference, pools, stopped: stopping.signal })
    const { from: _, prompts: __, to: ___, ...settings } = job
    await training.finish(true, { method: "grpo", settings, history: training.history })
    const history = training.history.map(({ groups, loss, mixedGroups, rewardMean, step }) => ({
      step,
      rewardMean,
      mixedGroups,
      groups,
      loss
    }))
    return { history }
  } finally {
    clearInterval(poll)
    await policy.release()
    await training.release()
    await reference?.release()
  }
}
