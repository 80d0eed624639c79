import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { referenceFile } from "../../../nodes/layer/checkpointPath.ts"
import { httpSampler, type HttpSamplerOptions } from "../../../nodes/layer/httpSampler.ts"
import { joinReasoning } from "../../../nodes/layer/joinReasoning.ts"
import { Sampler, type SampleRequest } from "../../../nodes/service/Sampler.ts"
import { splitReasoning } from "../../../nodes/text/verification.ts"
import { temporaryFolder } from "../inputs/wheels.ts"
import { chatServer, completion, type Reply } from "./chatServer.ts"

const sampling = { temperature: 0.6, topP: 0.95, topK: 0, maxNewTokens: 16 }

const makePolicy = (uri: string | null, content = "abc") =>
  Effect.map(temporaryFolder, (path): SampleRequest["policy"] => {
    if (uri !== null) writeFileSync(join(path, referenceFile), JSON.stringify({ uri }))
    return { kind: "checkpoint", content, path }
  })

const requestOf = (policy: SampleRequest["policy"]): SampleRequest => ({
  policy,
  messages: [{ role: "user", content: "hello" }],
  sampling,
  seed: 9007199254740991
})

/** Uses the sampler against a server that gives this reply. */
const withSampler = <A, E>(
  reply: Reply,
  options: Partial<HttpSamplerOptions>,
  use: (sampler: typeof Sampler.Service, asked: ReadonlyArray<{ readonly body: any }>) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const server = yield* chatServer(() => reply)
    const layer = httpSampler({ baseUrl: server.baseUrl, ...options })
    return yield* Effect.flatMap(Sampler, (sampler) => use(sampler, server.asked)).pipe(Effect.provide(layer))
  })

describe("httpSampler", () => {
  it.live("asks for the model the policy refers to, and switches defaults of models off", () =>
    Effect.gen(function*() {
      const policy = yield* makePolicy("hf:owner/model-7B@1df8507")
      yield* withSampler({ body: completion("hi") }, {}, (sampler, asked) =>
        Effect.gen(function*() {
          const answer = yield* sampler.sample(requestOf(policy))
          assert.deepStrictEqual(answer, {
            text: "hi",
            finishReason: "stop",
            promptTokens: 10,
            completionTokens: 4,
            logprob: 0
          })
          assert.deepStrictEqual(asked[0]!.body, {
            model: "owner/model-7B",
            messages: [{ role: "user", content: "hello" }],
            n: 1,
            stream: false,
            max_tokens: 16,
            temperature: 0.6,
            top_p: 0.95,
            seed: 9007199254740991,
            logprobs: true,
            presence_penalty: 0,
            frequency_penalty: 0,
            top_k: -1,
            min_p: 0,
            repetition_penalty: 1
          })
        }))
    }))

  it.live("uses the name given for an address, and OpenAI's fields only where it is told to", () =>
    Effect.gen(function*() {
      const uri = "hf:owner/model@main"
      const policy = yield* makePolicy(uri)
      const options = { servedAs: { [uri]: "policy" }, openServer: false }
      yield* withSampler({ body: completion("hi") }, options, (sampler, asked) =>
        Effect.gen(function*() {
          yield* sampler.sample(requestOf(policy))
          assert.strictEqual(asked[0]!.body.model, "policy")
          assert.notProperty(asked[0]!.body, "top_k")
          assert.notProperty(asked[0]!.body, "logprobs")
          const topK = { ...requestOf(policy), sampling: { ...sampling, topK: 50 } }
          assert.include((yield* Effect.flip(sampler.sample(topK))).message, "top-k 50")
        }))
    }))

  it.live("samples weights under one given name, and never two policies under it", () =>
    Effect.gen(function*() {
      const [first, second] = [yield* makePolicy(null, "one"), yield* makePolicy(null, "two")]
      yield* withSampler({ body: completion("hi") }, { model: "tuned" }, (sampler, asked) =>
        Effect.gen(function*() {
          yield* sampler.sample(requestOf(first))
          yield* sampler.sample(requestOf(first))
          assert.deepStrictEqual(asked.map(({ body }) => body.model), ["tuned", "tuned"])
          assert.include(
            (yield* Effect.flip(sampler.sample(requestOf(second)))).message,
            "another one is to be sampled"
          )
        }))
      yield* withSampler({ body: completion("hi") }, {}, (sampler) =>
        Effect.gen(function*() {
          assert.include((yield* Effect.flip(sampler.sample(requestOf(first)))).message, "no served name was given")
        }))
    }))

  it.live("passes on why there is no answer", () =>
    Effect.gen(function*() {
      const policy = yield* makePolicy("hf:a/b@c")
      yield* withSampler({ status: 400, body: { error: "too long" } }, {}, (sampler) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(sampler.sample(requestOf(policy)))
          assert.strictEqual(error._tag, "SamplerFailed")
          assert.include(error.message, "answered 400: too long")
        }))
    }))

  it.live("has a fingerprint without place or key, and asks before it spends only where there is a price", () =>
    Effect.gen(function*() {
      const fingerprint = (options: HttpSamplerOptions) =>
        Effect.map(Sampler, ({ estimate, expensive, fingerprint }) => ({ estimate, expensive, fingerprint })).pipe(
          Effect.provide(httpSampler(options))
        )
      const one = yield* fingerprint({
        baseUrl: "http://a/v1",
        apiKeyEnv: "KEY_A",
        concurrency: 2,
        timeout: "1 second"
      })
      const two = yield* fingerprint({ baseUrl: "http://b/v1", price: { input: 1, output: 2 } })
      assert.strictEqual(one.fingerprint, two.fingerprint)
      assert.isUndefined(one.expensive)
      assert.isTrue(two.expensive)
      assert.strictEqual(two.estimate!.usdPerRow, (1500 * 1 + 700 * 2) / 1e6)
      const three = yield* fingerprint({ baseUrl: "http://a/v1", openServer: false })
      assert.notStrictEqual(three.fingerprint, one.fingerprint)
    }))
})

describe("joinReasoning", () => {
  it("gives the text that the reasoning was split from", () => {
    const text = joinReasoning("First,\nthen.\n", "\n\nSo: y")
    assert.strictEqual(text, "<think>\nFirst,\nthen.\n</think>\n\nSo: y")
    assert.deepStrictEqual(splitReasoning(text, "</think>"), { reasoning: "First,\nthen.", answer: "So: y" })
  })

  it("leaves reasoning that was never ended without an answer", () => {
    assert.deepStrictEqual(splitReasoning(joinReasoning("cut", ""), "</think>"), { reasoning: "cut", answer: "" })
    assert.strictEqual(joinReasoning("", "raw </think> text"), "raw </think> text")
  })
})
