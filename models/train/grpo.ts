/**
 * Group-relative policy optimisation: every step samples a group of answers to some prompts from the model as it is,
 * asks for their rewards, and moves the model towards the better answers of each group. Sampling and training share one
 * set of weights in memory. Where rewards come from is the caller's business.
 */
import { decoderMemory, policyMemory } from "../memory.ts"
import { GradientEngine } from "./GradientEngine.ts"
import { type Group, learnt, type PromptRecord, promptRecord, stepRows, unparsableRule } from "./learnt.ts"
import { type LoadedModel, Optimisation, type StepResult, type TrainContext, TrainingAborted } from "./Optimisation.ts"
import type { TrainRow } from "./packRows.ts"
import { drawPrompts, type PromptPools, promptPools } from "./promptPools.ts"
import { type PromptSamples, type RolloutPolicy, rolloutPolicy } from "./rolloutPolicy.ts"
import { runSizing } from "./runSizing.ts"
import { countedRewards, isMixed } from "./sampleAdvantages.ts"
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
  readonly learningRate: number
  /** Prompts of the step with what each of their samples was worth and moved. */
  readonly prompts: ReadonlyArray<PromptRecord>
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
  const wrong = rewards.findIndex((reward) => reward !== null && !Number.isFinite(reward))
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
    sizing: runSizing(model.config, rowsPerRun, { ...job, sharedPrefixes: true })
  })
}

const checkFirstBatch = (job: GrpoJob, outcome: Omit<GrpoStep, "loss">): void => {
  const { groups, mixedGroups, rewardMean, samples, step, unparsable } = outcome
  if (step !== 1 || mixedGroups >= job.minMixedShare * groups) return
  throw new TooFewMixedGroups({
    mixed: mixedGroups,
    allEqual: groups - mixedGroups,
    groups,
    rewardMean,
    required: job.minMixedShare,
    ...(unparsable > 0 && { unparsable, samples })
  })
}

/** The updates of a step; returns the last one's outcome. */
const update = async (
  { job, training }: GrpoRun,
  rows: ReadonlyArray<TrainRow>,
  learningRate: number
): Promise<StepResult> => {
  let result: StepResult | undefined
  for (let epoch = 0; epoch < (job.epochs ?? epochsDefault); epoch++) result = await training.step(rows, learningRate)
  return result!
}

/** What a step is measured by before it moves anything. */
const outcomeOf = (job: GrpoJob, step: number, groups: ReadonlyArray<Group>): Omit<GrpoStep, "loss"> => {
  const rule = unparsableRule(job)
  const rewards = groups.flatMap((group) => group.rewards)
  const counted = countedRewards(rewards, rule)
  return {
    step,
    rewardMean: counted.length === 0 ? 0 : sum(counted) / counted.length,
    samples: rewards.length,
    unparsable: rewards.filter((reward) => reward === null).length,
    mixedGroups: groups.filter((group) => isMixed(group.rewards, rule)).length,
    groups: groups.length
  }
}

const runStep = async (run: GrpoRun): Promise<void> => {
  const { job, policy, pools, reference, stopped, training } = run
  const started = performance.now()
  const step = training.done + 1
  const prompts = drawPrompts(job, pools, training.done)
  const groups = await rewarded(run, await policy.sample(prompts, training.done, stopped))
  const outcome = outcomeOf(job, step, groups)
  checkFirstBatch(job, outcome)
  const learned = learnt(job, groups)
  const rows = await withReference(reference, stepRows(job, learned))
  const factor = scheduleFactor(job.schedule ?? "constant", training.done, job.steps, job.warmupFraction ?? 0)
  const learningRate = job.learningRate * factor
  const { gradNorm, loss } = await update(run, rows, learningRate)
  const samples = groups.flatMap((group) => group.samples)
  const tokens = sum(samples.map(({ ids, promptTokens }) => ids.length + promptTokens))
  const tokensPerSecond = tokens / (performance.now() - started) * 1000
  await training.endStep(
    { ...outcome, loss, gradNorm, tokens, learningRate, prompts: learned.map(promptRecord) },
    {
      step,
      steps: job.steps,
      loss,
      rewardMean: outcome.rewardMean,
      unparsable: outcome.unparsable,
      tokensPerSecond,
      gradNorm
    }
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
    sharedPrefixes: true,
    updatesPerStep: job.epochs ?? epochsDefault
  })
  const { adapters, mode } = training
  const policy = rolloutPolicy(job, model, {
    mode,
    adapters,
    threads: context.threads,
    width: runSizing(model.config, rowsPerRun, {}).decoderWidth
  })
  const stopping = new AbortController()
  const poll = setInterval(() => context.aborted() && stopping.abort(), abortPollMs)
  try {
    const others = policyMemory(model.config, { lora: mode.kind === "lora", reference: reference !== undefined })
    const { weights: _weights, ...packing } = decoderMemory(model.config, "f32")
    training.requireMemory(policy.longest, others, packing)
    await training.restore()
    await runSteps({ job, context, training, policy, reference, pools, stopped: stopping.signal })
    const { from: _, prompts: __, to: ___, ...settings } = job
    const total = (count: "samples" | "unparsable") => sum(training.history.map((record) => record[count]))
    const totals = { samples: total("samples"), unparsable: total("unparsable") }
    await training.finish(true, { method: "grpo", settings, ...totals, history: training.history })
    const history = training.history.map(({ groups, loss, mixedGroups, rewardMean, samples, step, unparsable }) => ({
      step,
      rewardMean,
      samples,
      unparsable,
      mixedGroups,
      groups,
      loss
    }))
    return { history }
  } finally {
    clearInterval(poll)
    await training.release()
    await reference?.release()
  }
}
