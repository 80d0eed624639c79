/**
 * The model being trained by GRPO, as a sampler: answers to prompts from the parameters as they are now. Every round
 * opens a decoder on a packed copy of them, in LoRA mode with the adapters merged in: opening it costs less than its
 * kernels save in a few dozen tokens, its samples depend neither on threads nor on their number, and its memory is free
 * again while the round is learnt from.
 */
import { Decoder } from "../sample/Decoder.ts"
import { makeRandom } from "../sample/Random.ts"
import type { Sample } from "../sample/Sample.ts"
import { mergeAdapters, mergeTarget } from "./adapters.ts"
import type { Arrays } from "./AdamW.ts"
import type { LoadedModel } from "./Optimisation.ts"
import type { TrainMode } from "./TrainMode.ts"
import { TrainingFailed } from "./TrainingFailed.ts"
import type { GrpoJob, GrpoPrompt } from "./TrainJob.ts"

/** The answers to one prompt. */
export interface PromptSamples {
  readonly prompt: GrpoPrompt
  readonly promptIds: ReadonlyArray<number>
  readonly samples: ReadonlyArray<Sample>
}

export interface RolloutPolicy {
  /** Tokens of the longest prompt with the longest answer. */
  readonly longest: number
  /** `samplesPerPrompt` answers to each prompt; the seeds derive from the job's seed, `step` and the prompt's id. */
  readonly sample: (
    prompts: ReadonlyArray<GrpoPrompt>,
    step: number,
    signal: AbortSignal
  ) => Promise<ReadonlyArray<PromptSamples>>
}

const samplesPerPromptDefault = 8

/** The ids of every prompt as the chat template renders it. */
const tokenizePrompts = (
  job: GrpoJob,
  { config, tokenizer }: LoadedModel
): ReadonlyMap<string, ReadonlyArray<number>> =>
  new Map(job.prompts.map(({ id, prompt }) => {
    const ids = tokenizer.encode(tokenizer.chat([{ role: "user", content: prompt }]))
    if (ids.length + job.maxNewTokens > config.contextLength) {
      throw new TrainingFailed({
        from: job.from,
        reason:
          `prompt ${id} has ${ids.length} tokens; with maxNewTokens ${job.maxNewTokens} that exceeds the model's ` +
          `context of ${config.contextLength}`
      })
    }
    return [id, ids]
  }))

/**
 * The policy of the model and its adapters; at most `width` sequences are sampled side by side.
 *
 * **Fails**: throws `TrainingFailed` when a prompt and its answer may exceed the model's context.
 */
export const rolloutPolicy = (
  job: GrpoJob,
  model: LoadedModel,
  options: { readonly mode: TrainMode; readonly adapters: Arrays; readonly threads: number; readonly width: number }
): RolloutPolicy => {
  const { adapters, mode, threads } = options
  const promptIds = tokenizePrompts(job, model)
  const weights = mode.kind === "lora" ? mergeTarget(model.config, mode, model.weights) : model.weights
  const samplesPerPrompt = job.samplesPerPrompt ?? samplesPerPromptDefault
  const requests = ({ id }: GrpoPrompt, step: number) =>
    Array.from({ length: samplesPerPrompt }, (_, k) => ({
      promptIds: promptIds.get(id)!,
      maxNewTokens: job.maxNewTokens,
      temperature: job.temperature,
      topP: job.topP,
      topK: 0,
      seed: Math.floor(makeRandom(job.seed, `sample/${step}/${id}/${k}`).uniform() * 2 ** 53)
    }))
  return {
    longest: Math.max(...Array.from(promptIds.values(), (ids) => ids.length)) + job.maxNewTokens,
    sample: async (prompts, step, signal) => {
      if (mode.kind === "lora") mergeAdapters(model.config, mode, adapters, model.weights, weights)
      const asked = prompts.flatMap((prompt) => requests(prompt, step))
      const width = Math.min(options.width, asked.length)
      const decoder = await Decoder.open({ ...model, weights, width, threads, parameters: "packed" })
      const samples = await decoder.generate(asked, signal).finally(() => decoder.release())
      return prompts.map((prompt, i) => ({
        prompt,
        promptIds: promptIds.get(prompt.id)!,
        samples: samples.slice(i * samplesPerPrompt, (i + 1) * samplesPerPrompt)
      }))
    }
  }
}
