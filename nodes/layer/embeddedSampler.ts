/**
 * The sampler role played on this machine: each policy runs in a process of its own, opened at its first request and
 * closed when nobody asks any more. A fully cached run opens none.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import { availableParallelism } from "node:os"
import type { Precision } from "../../models/decode/DecodeSession.ts"
import { samplerFingerprint } from "../../models/fingerprints.ts"
import type { SamplerClient } from "../../models/sample/Sampler.ts"
import * as Attempts from "../../runtime/Attempts.ts"
import * as Usage from "../../runtime/Usage.ts"
import { Sampler, SamplerFailed } from "../service/Sampler.ts"
import { checkpointPath, referenceOf } from "./checkpointPath.ts"

export interface EmbeddedSamplerOptions {
  /** Sequences decoded side by side; no answer depends on it. */
  readonly width: number
  /** Tokens of prompt and answer together; longer requests fail, nothing is cut. */
  readonly maxLength: number
  /** Policies open at once; each holds its weights in memory. Default: the number of cores. */
  readonly policiesAtOnce?: number
  /** Threads of one forward pass. */
  readonly threads?: number
  /** Number format of the weights: `int8` is faster and gives other answers. Default: `f32`. */
  readonly precision?: Precision
}

/** A sampler of one policy, and how many requests it may hold: those beyond wait here, where the stop of a run ends them. */
interface Opened {
  readonly client: SamplerClient
  readonly permits: Semaphore.Semaphore
}

const failed = (error: unknown) =>
  new SamplerFailed({
    reason: error instanceof Error ? error.message : String(error),
    next: "finished rows are kept; mend it and run again"
  })

export const embeddedSampler = (options: EmbeddedSamplerOptions): Layer.Layer<Sampler> =>
  Layer.effect(
    Sampler,
    Effect.gen(function*() {
      const places = yield* Semaphore.make(options.policiesAtOnce ?? availableParallelism())
      const paths = new Map<string, string>()
      const samplers = yield* RcMap.make({
        idleTimeToLive: "1 second",
        lookup: (content: string) =>
          Effect.gen(function*() {
            yield* Effect.acquireRelease(Semaphore.take(places, 1), () => Semaphore.release(places, 1))
            const client = yield* Effect.acquireRelease(
              Effect.tryPromise({
                try: async (): Promise<SamplerClient> => {
                  const { openSampler } = await import("../../models/sample/Sampler.ts")
                  return openSampler(paths.get(content)!, {
                    width: options.width,
                    threads: options.threads ?? 1,
                    maxLength: options.maxLength,
                    ...(options.precision === undefined ? {} : { precision: options.precision })
                  })
                },
                catch: failed
              }),
              (sampler) => Effect.promise(() => sampler.close())
            )
            // as many again as it decodes wait inside the worker: places are filled at once, like prompts computed together
            return { client, permits: Semaphore.makeUnsafe(2 * options.width) } satisfies Opened
          })
      })
      return Sampler.of({
        fingerprint: samplerFingerprint(options),
        sample: Effect.fnUntraced(function*({ messages, policy, sampling, seed }) {
          const reference = referenceOf(policy)
          if (reference !== undefined) {
            return yield* new SamplerFailed({
              reason: `${reference.uri} is a reference, its weights are not here`,
              next: "give the experiment a sampler that serves it, or add --rehearse"
            })
          }
          paths.set(policy.content, checkpointPath(policy))
          const { client, permits } = yield* RcMap.get(samplers, policy.content)
          const sample = yield* Attempts.inTurn(
            permits,
            Effect.tryPromise({
              try: (signal) => client.sample({ messages, ...sampling, seed }, signal),
              catch: failed
            })
          )
          yield* Usage.record({ tokens: sample.ids.length })
          return {
            text: sample.text,
            finishReason: sample.finishReason,
            promptTokens: sample.promptTokens,
            completionTokens: sample.ids.length,
            logprob: sample.logprobs.reduce((sum, each) => sum + each, 0)
          }
        }, Effect.scoped)
      })
    })
  )
