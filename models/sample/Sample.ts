/**
 * What a sampler is asked and what it answers, and the check that a request makes sense. The same request to the same
 * model gives the same sample, whatever else is sampled beside it.
 */
import type { LlamaConfig } from "../Llama.ts"
import type { ChatMessage } from "../Tokenizer.ts"
import { highestTemperature, type Sampling } from "./chooseToken.ts"
import { SampleRefused } from "./SamplerError.ts"

/** One answer to be sampled: a prompt as ids, or as messages that the model's chat template renders. */
export interface SampleRequest extends Sampling {
  readonly promptIds?: ReadonlyArray<number>
  readonly messages?: ReadonlyArray<ChatMessage>
  readonly maxNewTokens: number
  /** Texts that end the answer, beside the model's own end tokens. */
  readonly stop?: ReadonlyArray<string>
  /** A safe integer. */
  readonly seed: number
}

/** One sampled answer. */
export interface Sample {
  /** The answer without end token, cut before a stop text. */
  readonly text: string
  /** Every sampled token, with the end token or those of the stop text. */
  readonly ids: ReadonlyArray<number>
  /** Nats, one per id, under the model's own distribution: no temperature, no cuts. */
  readonly logprobs: Float32Array
  /** `"stop"`: an end token or stop text; `"length"`: `maxNewTokens` reached. */
  readonly finishReason: "stop" | "length"
  readonly promptTokens: number
}

const within = (value: number, low: number, high: number) => value >= low && value <= high

/**
 * Checks a request whose prompt has been made into ids.
 *
 * **Fails**: throws `SampleRefused` naming the field, what it is and what it may be.
 */
export const checkRequest = (
  request: SampleRequest,
  promptIds: ReadonlyArray<number>,
  config: LlamaConfig,
  maxLength: number
): void => {
  const refuse = (reason: string): never => {
    throw new SampleRefused({ reason })
  }
  const { maxNewTokens, minP, seed, temperature, topK, topP } = request
  if (promptIds.length === 0) refuse("the prompt has no tokens")
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) refuse(`maxNewTokens is ${maxNewTokens}, not 1 or more`)
  if (promptIds.length + maxNewTokens > maxLength) {
    refuse(
      `the prompt has ${promptIds.length} tokens and asks for up to ${maxNewTokens} more, ` +
        `the sampler holds ${maxLength} (the model's context is ${config.contextLength})`
    )
  }
  const stranger = promptIds.find((id) => !Number.isInteger(id) || id < 0 || id >= config.vocab)
  if (stranger !== undefined) refuse(`token id ${stranger} is not below the vocabulary's ${config.vocab}`)
  if (!within(temperature, 0, highestTemperature)) {
    refuse(`temperature is ${temperature}, not between 0 and ${highestTemperature}`)
  }
  if (!(topP > 0 && topP <= 1)) refuse(`topP is ${topP}, not above 0 and at most 1`)
  if (!Number.isInteger(topK) || topK < 0) refuse(`topK is ${topK}, not a whole number (0 is off)`)
  if (minP !== undefined && !within(minP, 0, 1)) refuse(`minP is ${minP}, not between 0 and 1`)
  if (!Number.isSafeInteger(seed)) refuse(`seed is ${seed}, not a safe integer`)
  if (request.stop?.includes("") === true) refuse("a stop text is empty")
}
