/**
 * Group-relative policy optimisation: every step samples a group of answers to some prompts from the model as it is,
 * asks for their rewards, and moves the model towards the better answers of each group. Sampling and training share one
 * set of weights in memory. Where rewards come from is the caller's business.
 */
import { Decoder } from "../sample/Decoder.ts"
import { makeRandom } from "../sample/Random.ts"
import type { Sample } from "../sample/Sample.ts"
import type { Weights } from "../Weights.ts"
import { mergeAdapters, mergeTarget } from "./adapters.ts"
import { aggregationWeights, groupAdvantages, isUniform } from "./advantage.ts"
import { GradientEngine, runSizing } from "./GradientEngine.ts"
import { type LoadedModel, Optimisation, type TrainContext, TrainingAborted } from "./Optimisation.ts"
import type { TrainRow } from "./packRows.ts"
import { drawPrompts, promptPools } from "./promptPools.ts"
import { TooFewMixedGroups, TrainingFailed } from "./TrainingFailed.ts"
import type { GrpoJob, GrpoPrompt, GrpoResult, GrpoStep, RewardFunction } from "./TrainJob.ts"

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

/** The answers to one prompt. */
interface Group {
  readonly prompt: GrpoPrompt
  readonly promptIds: ReadonlyArray<number>
  readonly samples: ReadonlyArray<Sample>
  readonly rewards: ReadonlyArray<number>
}

const samplesPerPromptDefault = 8
const clipLowDefault = 0.2
const clipHighDefault = 0.28
/** Rows of one training run are cut by tokens; this is the most there can be. */
const rowsPerRun = 64
/** Sequences sampled side by side. */
const decoderWidth = 64
const abortPollMs = 50

/** The ids of every prompt as the chat template renders it. */
const tokenizePrompts = (job: GrpoJob, { config, tokenizer }: LoadedModel): ReadonlyMap<string, ReadonlyArray<number>> =>
  new Map(job.prompts.map(({ id, prompt }) => {
    const ids = tokenizer.encode(tokenizer.chat([{ role: "user", content: prompt }]))
    if (ids.length + job.maxNewTokens > config.contextLength) {
      throw new TrainingFailed({
        from: job.from,
        reason: `prompt ${id} has ${ids.length} tokens; with maxNewTokens ${job.maxNewTokens} that exceeds the model's context ` +
          `of ${config.contextLength}`
      })
    }
    return [id, ids]
  }))

/** Samples answers from the policy; in LoRA mode from a copy of the adapted matrices that every call brings up to date. */
const makePolicy = async (job: GrpoJob, training: Optimisation<GrpoRecord>, model: LoadedModel, threads: number) => {
  const { adapters, mode } = training
  const weights: Weights = mode.kind === "lora" ? mergeTarget(model.config, mode, model.weights) : model.weights
  const decoder = await Decoder.open({ ...model, weights, width: decoderWidth, threads })
  const samplesPerPrompt = job.samplesPerPrompt ?? samplesPerPromptDefault
  return {
    release: () => decoder.release(),
    sample: async (prompts: ReadonlyArray<GrpoPrompt>, ids: ReadonlyMap<string, ReadonlyArray<number>>, signal: AbortSignal) => {
      if (mode.kind === "lora") mergeAdapters(model.config, mode, adapters, model.weights, weights)
      const requests = prompts.flatMap(({ id }) =>
        Array.from({ length: samplesPerPrompt }, (_, k) => ({
          promptIds: ids.get(id)!,
          maxNewTokens: job.maxNewTokens,
          temperature: job.temperature,
          topP: job.topP,
          topK: 0,
          seed: Math.floor(makeRandom(job.seed, `sample/${training.done}/${id}/${k}`).uniform() * 2 ** 53)
        }))
      )
      const samples = await decoder.generate(requests, signal)
      return prompts.map((_, i) => samples.slice(i * samplesPerPrompt, (i + 1) * samplesPerPrompt))
    }
  }
}

const askRewards = async (
  job: GrpoJob,
  context: GrpoContext,
  prompts: ReadonlyArray<GrpoPrompt>,
  samples: ReadonlyArray<ReadonlyArray<Sample>>
): Promise<ReadonlyArray<ReadonlyArray<number>>> => {
  const batch = prompts.flatMap(({ id }, i) =>
    samples[i]!.map(({ finishReason, text }) => ({ promptId: id, completionText: text, finishReason }))
  )
  const rewards = await context.reward(batch)
  const wrong = rewards.findIndex((reward) => !Number.isFinite(reward))
  if (rewards.length !== batch.length || wrong >= 0) {
    const found = rewards.length !== batch.length ? `${rewards.length} rewards` : `reward ${rewards[wrong]} for ${batch[wrong]!.promptId}`
    throw new TrainingFailed({ from: job.from, reason: `the reward function answered ${batch.length} completions with ${found}` })
  }
  let next = 0
  return samples.map((group) => group.map(() => rewards[next++]!))
}

/** The rows of a step. Samples of advantage 0 have no gradient without a KL term, but count in the averages. */
const stepRows = (job: GrpoJob, groups: ReadonlyArray<Group>): Array<TrainRow> => {
  const kept = job.dropUniformGroups ? groups.filter(({ rewards }) => !isUniform(rewards)) : groups
  const sequences = kept.flatMap(({ promptIds, rewards, samples }) => {
    const advantages = groupAdvantages(rewards, job.advantageEpsilon)
    return samples.map((sample, i) => ({ promptIds, sample, advantage: advantages[i]! }))
  })
  const weights = aggregationWeights(sequences.map(({ sample }) => sample.ids.length), job.aggregation, job.maxNewTokens)
  return sequences.map(({ advantage, promptIds, sample }, i) => ({
    ids: [...promptIds, ...sample.ids],
    targetFrom: promptIds.length,
    weight: weights[i]!,
    advantage,
    oldLogprobs: sample.logprobs
  })).filter(({ advantage }) => advantage !== 0 || (job.klCoefficient ?? 0) !== 0)
}

/** Log-probabilities under the starting model, for the KL term; a copy of its weights where training changes them. */
const makeReference = (job: GrpoJob, model: LoadedModel, threads: number): GradientEngine | undefined =>
  (job.klCoefficient ?? 0) === 0 ? undefined : new GradientEngine({
    config: model.config,
    weights: job.mode === "full" ? new Map(Array.from(model.weights, ([name, values]) => [name, values.slice()])) : model.weights,
    mode: { kind: "full" },
    adapters: new Map(),
    loss: "none",
    threads,
    sizing: runSizing(model.weights, rowsPerRun)
  })

const checkFirstBatch = (job: GrpoJob, { groups, mixedGroups, rewardMean, step }: GrpoStep): void => {
  if (step !== 1 || mixedGroups >= job.minMixedShare * groups) return
  throw new TooFewMixedGroups({
    mixed: mixedGroups,
    allEqual: groups - mixedGroups,
    groups,
    rewardMean,
    required: job.minMixedShare
  })
}

/**
 * Trains `model` by `job` and writes the result to `job.to`. Prompts and samples of a step derive from the seed and the
 * step, so a saved state of the same job is continued to the same weights.
 *
 * **Fails**: rejects with `TooFewMixedGroups`, `TrainingFailed`, or `TrainingAborted` when the context says so.
 */
export const runGrpo = async (job: GrpoJob, model: LoadedModel, context: GrpoContext): Promise<GrpoResult> => {
  const pools = promptPools(job)
  const promptIds = tokenizePrompts(job, model)
  const reference = makeReference(job, model, context.threads)
  const training = new Optimisation<GrpoRecord>(job, model, context, {
    loss: {
      kind: "grpo",
      clipLow: job.clipLow ?? clipLowDefault,
      clipHigh: job.clipHigh ?? clipHighDefault,
      klCoefficient: job.klCoefficient ?? 0,
      ...(job.dualClip !== undefined && { dualClip: job.dualClip })
    },
    batchSize: rowsPerRun
  })
  const policy = await makePolicy(job, training, model, context.threads)
  const stopping = new AbortController()
  const poll = setInterval(() => context.aborted() && stopping.abort(), abortPollMs)

  const runStep = async (): Promise<void> => {
    const started = performance.now()
    const step = training.done + 1
    const prompts = drawPrompts(job, pools, training.done)
    const samples = await policy.sample(prompts, promptIds, stopping.signal)
    const rewards = await askRewards(job, context, prompts, samples)
    const groups = prompts.map((prompt, i): Group => ({
      prompt,
      promptIds: promptIds.get(prompt.id)!,
      samples: samples[i]!,
      rewards: rewards[i]!
    }))
    const all = rewards.flat()
    const outcome = {
      step,
      rewardMean: all.reduce((sum, reward) => sum + reward, 0) / all.length,
      mixedGroups: rewards.filter((group) => !isUniform(group)).length,
      groups: groups.length
    }
    checkFirstBatch(job, { ...outcome, loss: 0 })
    const rows = stepRows(job, groups)
    const referenceLogprobs = reference && rows.length > 0 ? (await reference.run(rows)).logprobs : []
    const { gradNorm, loss } = await training.step(
      referenceLogprobs.length === 0 ? rows : rows.map((row, i) => ({ ...row, referenceLogprobs: referenceLogprobs[i]! })),
      job.learningRate
    )
    const tokens = samples.flat().reduce((sum, { ids, promptTokens }) => sum + ids.length + promptTokens, 0)
    await training.endStep(
      { ...outcome, loss, gradNorm, tokens, prompts: groups.map(({ prompt, rewards }) => ({ id: prompt.id, rewards })) },
      {
        step,
        steps: job.steps,
        loss,
        rewardMean: outcome.rewardMean,
        tokensPerSecond: tokens / (performance.now() - started) * 1000,
        gradNorm
      }
    )
  }

  try {
    await training.restore()
    while (training.done < job.steps) {
      try {
        await runStep()
      } catch (cause) {
        // Stopped inside a step: the state before it is what can be continued.
        if (context.aborted() && !(cause instanceof TrainingAborted)) await training.abort(job.steps)
        throw cause
      }
    }
    const { from: _, prompts: __, to: ___, ...settings } = job
    await training.finish(true, { method: "grpo", settings, history: training.history })
    return {
      history: training.history.map(({ groups, loss, mixedGroups, rewardMean, step }) => ({ step, rewardMean, mixedGroups, groups, loss }))
    }
  } finally {
    clearInterval(poll)
    await policy.release()
    await training.release()
    await reference?.release()
  }
}
