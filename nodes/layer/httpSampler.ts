/**
 * Draws answers from models behind an OpenAI-compatible server. The policy says which model: a checkpoint that refers to
 * one by address, or weights that somebody serves under a name given here.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { canonicalJson } from "../../cache/Digest.ts"
import type { Folder } from "../../runtime/Type.ts"
import type { SampleRequest } from "../service/Sampler.ts"
import { Sampler, SamplerFailed } from "../service/Sampler.ts"
import * as Chat from "./chatCompletion.ts"
import { referenceOf } from "./checkpointPath.ts"
import * as Join from "./joinReasoning.ts"
import * as OpenAiClient from "./OpenAiClient.ts"

export interface HttpSamplerOptions extends OpenAiClient.ServerOptions {
  /** Served names by address, where they differ: `hf:owner/name@revision` is taken to be served as `owner/name`. */
  readonly servedAs?: { readonly [address: string]: string }
  /** The served name of the one policy that is a folder of weights. */
  readonly model?: string
  /** Vendors' own servers refuse what OpenAI does not define: without these fields, top-k cannot be used. Default: true. */
  readonly openServer?: boolean
  /** Default: `max_tokens`. */
  readonly limitField?: "max_tokens" | "max_completion_tokens"
}

/** This module, for the code digest of the layer. */
export const url = import.meta.url

/** The request for one answer. Penalties and cut-offs that models bring along as defaults are set to have no effect. */
export const samplingRequest = (
  model: string,
  { messages, sampling, seed }: SampleRequest,
  openServer: boolean,
  limitField: "max_tokens" | "max_completion_tokens"
): Chat.ChatRequest => ({
  model,
  messages,
  temperature: sampling.temperature,
  topP: sampling.topP,
  maxTokens: sampling.maxNewTokens,
  seed,
  logprobs: openServer,
  limitField,
  extra: {
    presence_penalty: 0,
    frequency_penalty: 0,
    ...(openServer
      ? { top_k: sampling.topK === 0 ? -1 : sampling.topK, min_p: 0, repetition_penalty: 1 }
      : {})
  }
})

/** `owner/name` of `hf:owner/name@revision`. */
const nameInAddress = (address: string): string => address.replace(/^\w+:/, "").replace(/@[^@/]*$/, "")

/** Served names of policies. A name given for weights holds for the first such policy only: another would be sampled from the wrong model. */
const makeNames = ({ model, servedAs = {} }: HttpSamplerOptions) => {
  let served: string | undefined
  return Effect.fnUntraced(function*(policy: Folder<"checkpoint">) {
    const reference = yield* Effect.sync(() => referenceOf(policy))
    if (reference !== undefined) return servedAs[reference.uri] ?? nameInAddress(reference.uri)
    if (model !== undefined && (served ??= policy.content) === policy.content) return model
    return yield* new SamplerFailed(
      model === undefined
        ? {
          reason: `the policy in ${policy.path} is a folder of weights, and no served name was given for it`,
          next: "serve it and give its name as `model`, or start from a model that a server holds"
        }
        : {
          reason: `"${model}" was given as the served name of one policy, and another one is to be sampled`,
          next: "sample the trained policy with a layer of its own"
        }
    )
  })
}

/** Draws one answer a request; the server batches what is in flight. */
export const httpSampler = (options: HttpSamplerOptions): Layer.Layer<Sampler> =>
  Layer.effect(
    Sampler,
    Effect.gen(function*() {
      const { limitField = "max_tokens", openServer = true } = options
      const client = yield* OpenAiClient.make(options)
      const nameOf = makeNames(options)
      const sample = Effect.fn("httpSampler.sample")(function*(request: SampleRequest) {
        const model = yield* nameOf(request.policy)
        if (!openServer && request.sampling.topK !== 0) {
          return yield* new SamplerFailed({
            reason: `top-k ${request.sampling.topK} cannot be asked of a server that knows OpenAI's fields only`,
            next: "set topK to 0, or sample from an open server"
          })
        }
        const answer = yield* client.chat(samplingRequest(model, request, openServer, limitField)).pipe(
          Effect.mapError((failed) => new SamplerFailed(failed.told))
        )
        const { completionTokens, finishReason, logprob, promptTokens } = answer
        return {
          text: Join.joinReasoning(answer.reasoning, answer.content),
          finishReason,
          promptTokens,
          completionTokens,
          logprob
        }
      })
      return Sampler.of({
        fingerprint: canonicalJson({
          sampler: "openai-chat",
          model: options.model,
          servedAs: options.servedAs,
          openServer,
          limitField
        }),
        code: [
          { file: url, name: "samplingRequest" },
          { file: Chat.url, name: "chatRequestBody" },
          { file: Chat.url, name: "readChatCompletion" },
          { file: Join.url, name: "joinReasoning" }
        ],
        ...(options.price === undefined
          ? {}
          : { expensive: true, estimate: OpenAiClient.assumedCost(options.price) }),
        missing: client.missing(options.model),
        sample
      })
    })
  )
