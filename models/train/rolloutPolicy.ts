/**
 * The model being trained by GRPO, as a sampler: answers to prompts from the parameters as they are now. In full mode
 * the decoder reads the very arrays that training changes; in LoRA mode a copy of the adapted matrices is brought up to
 * date before every round.
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
  readonly release: () => Promise<void>
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
 * Opens a decoder on the model and its adapters.
 *
 * **Fails**: rejects with `TrainingFailed` when a prompt and its answer may exceed the model's context.
 */
export const openRolloutPolicy = async (
  job: GrpoJob,
  model: LoadedModel,
  options: { readonly mode: TrainMode; readonly adapters: Arrays; readonly threads: number; readonly width: number }
): Promise<RolloutPolicy> => {
  const { adapters, mode, threads, width } = options
  const promptIds = tokenizePrompts(job, model)
  const weights = mode.kind === "lora" ? mergeTarget(model.config, mode, model.weights) : model.weights
  const decoder = await Decoder.open({ ...model, weights, width, threads })
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
    release: () => decoder.release(),
    sample: async (prompts, step, signal) => {
      if (mode.kind === "lora") mergeAdapters(model.config, mode, adapters, model.weights, weights)
      const samples = await decoder.generate(prompts.flatMap((prompt) => requests(prompt, step)), signal)
      return prompts.map((prompt, i) => ({
        prompt,
        promptIds: promptIds.get(prompt.id)!,
        samples: samples.slice(i * samplesPerPrompt, (i + 1) * samplesPerPrompt)
      }))
    }
  }
}
