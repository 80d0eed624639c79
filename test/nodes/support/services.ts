/**
 * Services of node tests: each answers by a function of the request and notes what it was asked. Fingerprints are fixed,
 * so that a service that answers differently in the next run stands for one that recovered.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type CritiqueRequest, Expert, type ExpertCritique } from "../../../nodes/service/Expert.ts"
import * as Guard from "../../../nodes/service/Guard.ts"
import { type Answer, Sampler, type SampleRequest } from "../../../nodes/service/Sampler.ts"
import { type Completion, type GrpoPrompt, type SftExample, Trainer } from "../../../nodes/service/Trainer.ts"

/** A guard of this name that answers by `assess`; `asked` receives every request. */
export const guardLayer = <const Name extends string>(
  name: Name,
  assess: (request: Guard.AssessRequest) => Partial<Guard.Assessment>,
  asked: Array<Guard.AssessRequest> = []
): Layer.Layer<Guard.GuardRole<Name>> =>
  Layer.succeed(Guard.named(name), {
    fingerprint: `guard ${name}`,
    assess: (request) =>
      Effect.sync((): Guard.Assessment => {
        asked.push(request)
        return { safe: true, outcome: "answer", categories: [], ...assess(request) }
      })
  })

export const expertLayer = (
  critique: (request: CritiqueRequest) => Partial<ExpertCritique>,
  asked: Array<CritiqueRequest> = []
): Layer.Layer<Expert> =>
  Layer.succeed(Expert, {
    fingerprint: "expert",
    critique: (request) =>
      Effect.sync((): ExpertCritique => {
        asked.push(request)
        return { critique: "because", verdict: "safe", cited: [], ...critique(request) }
      })
  })

export const samplerLayer = (
  sample: (request: SampleRequest) => Partial<Answer>,
  asked: Array<SampleRequest> = []
): Layer.Layer<Sampler> =>
  Layer.succeed(Sampler, {
    fingerprint: "sampler",
    sample: (request) =>
      Effect.sync((): Answer => {
        asked.push(request)
        return {
          text: "text",
          finishReason: "stop",
          promptTokens: 2,
          completionTokens: 3,
          logprob: -1,
          ...sample(request)
        }
      })
  })

/** What the trainer was given, without the folders, and what it was told its completions are worth. */
export interface Trained {
  readonly sft: Array<
    { readonly examples: ReadonlyArray<SftExample>; readonly settings: unknown; readonly base: string }
  >
  readonly grpo: Array<{
    readonly prompts: ReadonlyArray<GrpoPrompt>
    readonly settings: unknown
    readonly rewards: ReadonlyArray<number | null>
  }>
}

/** A trainer that has these completions rewarded once and writes one file. */
export const trainerLayer = (trained: Trained, completions: ReadonlyArray<Completion> = []): Layer.Layer<Trainer> => {
  const write = (into: string) =>
    Effect.sync(() => {
      mkdirSync(into, { recursive: true })
      writeFileSync(join(into, "weights"), "trained")
    })
  return Layer.succeed(Trainer, {
    fingerprint: "trainer",
    sft: ({ base, examples, into, settings }) => {
      trained.sft.push({ examples, settings, base: base.kind })
      return write(into)
    },
    grpo: ({ into, prompts, reward, settings }) =>
      Effect.gen(function*() {
        trained.grpo.push({ prompts, settings, rewards: yield* reward(completions) })
        yield* write(into)
      })
  })
}
