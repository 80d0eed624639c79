import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { inspect } from "node:util"
import type { ChatRequest } from "../../../nodes/layer/chatCompletion.ts"
import * as OpenAiClient from "../../../nodes/layer/OpenAiClient.ts"
import * as Attempts from "../../../runtime/Attempts.ts"
import * as Usage from "../../../runtime/Usage.ts"
import { atOnce, chatServer, completion, type Reply } from "./chatServer.ts"

const request: ChatRequest = {
  model: "m",
  messages: [{ role: "user", content: "hello" }],
  temperature: 0.6,
  topP: 0.95,
  maxTokens: 32,
  seed: 7
}

/** A client of a server that gives these replies in turn, the last one again and again. */
const clientOf = (replies: ReadonlyArray<Reply>, options: Partial<OpenAiClient.ServerOptions> = {}) =>
  Effect.gen(function*() {
    const server = yield* chatServer((_, index) => replies[Math.min(index, replies.length - 1)]!)
    const client = yield* OpenAiClient.make({ baseUrl: server.baseUrl, ...options })
    return { ...server, client }
  })

const ok: Reply = { body: completion("hi") }

describe("a call", () => {
  it.live("says all that shapes the answer and records what it cost", () =>
    Effect.gen(function*() {
      const spent: Array<Usage.Usage> = []
      const { asked, client } = yield* clientOf([ok], { price: { input: 3, output: 15 } })
      const answer = yield* client.chat({ ...request, logprobs: true, extra: { top_k: -1 } }).pipe(
        Effect.provideService(Usage.Collector, (usage) => void spent.push(usage))
      )
      assert.deepStrictEqual(answer, {
        content: "hi",
        reasoning: "",
        finishReason: "stop",
        promptTokens: 10,
        completionTokens: 4,
        logprob: 0
      })
      assert.strictEqual(asked[0]!.path, "/v1/chat/completions")
      assert.deepStrictEqual(asked[0]!.body, {
        model: "m",
        messages: [{ role: "user", content: "hello" }],
        n: 1,
        stream: false,
        max_tokens: 32,
        temperature: 0.6,
        top_p: 0.95,
        seed: 7,
        logprobs: true,
        top_k: -1
      })
      assert.isUndefined(asked[0]!.headers.authorization)
      assert.isUndefined(asked[0]!.headers["traceparent"])
      assert.strictEqual(spent.length, 1)
      assert.strictEqual(spent[0]!.tokens, 4)
      assert.approximately(spent[0]!.usd, (10 * 3 + 4 * 15) / 1e6, 1e-12)
      assert.isAtLeast(spent[0]!.seconds, 0)
    }))

  it.live("leaves out what is not to be sent, and limits in the field that is asked for", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* clientOf([ok])
      yield* client.chat({ ...request, temperature: null, topP: null, seed: null, limitField: "max_completion_tokens" })
      assert.hasAllKeys(asked[0]!.body, ["model", "messages", "n", "stream", "max_completion_tokens"])
    }))

  it.live("reads reasoning under either name, log probabilities, and a cut", () =>
    Effect.gen(function*() {
      const message = (fields: object) => ({ message: { content: "y", ...fields } })
      const logprobs = { content: [{ token: "a", logprob: -0.5 }, { token: "b", logprob: -1.25 }] }
      const { client } = yield* clientOf([
        { body: completion("", { ...message({ reasoning: "z" }), logprobs, finish_reason: "length" }) },
        { body: completion("", { ...message({ reasoning: null, reasoning_content: "z2" }), logprobs: null }) }
      ])
      assert.deepInclude(yield* client.chat(request), {
        content: "y",
        reasoning: "z",
        logprob: -1.75,
        finishReason: "length"
      })
      assert.deepInclude(yield* client.chat(request), {
        content: "y",
        reasoning: "z2",
        logprob: 0,
        finishReason: "stop"
      })
    }))

  it.live("ends in a refusal or a filter as outcomes, whichever way the server says it", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* clientOf([
        { body: completion(null, { message: { content: null, refusal: "I will not" } }) },
        { body: completion("half", { finish_reason: "content_filter" }) },
        { status: 400, body: { error: { message: "filtered", code: "content_filter" } } }
      ])
      assert.deepInclude(yield* client.chat(request), { finishReason: "refusal", content: "I will not" })
      assert.deepInclude(yield* client.chat(request), { finishReason: "filter", content: "half" })
      assert.deepInclude(yield* client.chat(request), { finishReason: "filter", content: "", completionTokens: 0 })
      assert.strictEqual(asked.length, 3)
    }))
})

describe("retries", () => {
  it.live("follow a status that may pass", () =>
    Effect.gen(function*() {
      const busy = (status: number): Reply => ({
        status,
        headers: { "retry-after": "0" },
        body: { error: { message: "busy" } }
      })
      const { asked, client } = yield* clientOf([busy(429), busy(503), busy(408), busy(409), ok])
      assert.strictEqual((yield* client.chat(request)).content, "hi")
      assert.strictEqual(asked.length, 5)
    }).pipe(atOnce(3)))

  it.live("end after so many, with the server's words", () =>
    Effect.gen(function*() {
      const { asked, baseUrl, client } = yield* clientOf([{
        status: 500,
        body: { error: { message: "out of\nmemory" } }
      }])
      const error = yield* Effect.flip(client.chat(request))
      assert.include(error.message, `${baseUrl} answered 500: out of memory (4 attempts)`)
      assert.strictEqual(asked.length, 4)
    }).pipe(atOnce(4)))

  it.live("are the row's where a row is what is repeated, and tell it what may pass", () =>
    Effect.gen(function*() {
      const { asked, baseUrl, client } = yield* clientOf([
        { status: 429, headers: { "retry-after": "0" }, body: { error: { message: "slow down" } } },
        { status: 503, body: { error: { message: "loading" } } },
        ok
      ])
      const retried: Array<Attempts.Retried> = []
      const row = Attempts.attempts({ kind: "rows" }, (one) => void retried.push(one))
      assert.strictEqual((yield* row(client.chat(request))).content, "hi")
      assert.deepStrictEqual(
        retried.map(({ attempt, class: name, reason }) => [attempt, name, reason.split(";")[0]]),
        [[1, "rate-limit", `${baseUrl} answered 429: slow down`], [2, "server", `${baseUrl} answered 503: loading`]]
      )
      assert.strictEqual(asked.length, 3)
    }).pipe(atOnce(2)))

  it.live("are not multiplied by those of the row around them", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* clientOf([{ status: 500, body: { message: "down" } }])
      const row = Attempts.attempts({ kind: "rows" }, () => undefined)
      assert.include((yield* Effect.flip(row(client.chat(request)))).message, "(3 attempts)")
      assert.strictEqual(asked.length, 3)
      const node = Attempts.attempts({ kind: "make" }, () => undefined)
      assert.include((yield* Effect.flip(node(client.chat(request)))).message, "(3 attempts)")
      assert.strictEqual(asked.length, 6)
    }).pipe(atOnce(3)))

  it.live("are not made where they cannot help", () =>
    Effect.gen(function*() {
      for (const [status, advice] of [[400, "does not accept"], [401, "key"], [404, "base URL"]] as const) {
        const { asked, client } = yield* clientOf([{ status, body: { message: "no" } }])
        const error = yield* Effect.flip(client.chat(request))
        assert.include(error.message, `answered ${status}: no`)
        assert.include(error.message, advice)
        assert.strictEqual(asked.length, 1)
      }
    }))

  it.live("are given up when the server asks for more patience than there is", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* clientOf([{ status: 429, headers: { "retry-after": "3600" }, body: {} }])
      assert.include((yield* Effect.flip(client.chat(request))).message, "it asks to wait 3600 seconds")
      assert.strictEqual(asked.length, 1)
    }))

  it("wait as long as a header says, in seconds or until a date", () => {
    const now = Date.parse("2026-01-01T00:00:00Z")
    assert.strictEqual(OpenAiClient.retryAfterMillis("1.5", now), 1500)
    assert.strictEqual(OpenAiClient.retryAfterMillis("Thu, 01 Jan 2026 00:00:10 GMT", now), 10_000)
    assert.strictEqual(OpenAiClient.retryAfterMillis("Wed, 31 Dec 2025 23:59:00 GMT", now), 0)
    assert.strictEqual(OpenAiClient.retryAfterMillis("soon", now), 0)
    assert.strictEqual(OpenAiClient.retryAfterMillis(undefined, now), 0)
  })
})

describe("a server that speaks otherwise", () => {
  const wrong = (reply: Reply) =>
    Effect.gen(function*() {
      const { asked, client } = yield* clientOf([reply])
      const { message } = yield* Effect.flip(client.chat(request))
      assert.strictEqual(asked.length, 1)
      return message
    })

  it.live("is quoted with the path of what was expected", () =>
    Effect.gen(function*() {
      assert.include(
        yield* wrong({ body: { choices: [{ finish_reason: "stop", message: { content: 5 } }], usage: {} } }),
        "$.choices[0].message.content: Expected"
      )
      assert.include(yield* wrong({ body: { choices: [] } }), "$.choices[0]")
      assert.include(
        yield* wrong({ body: completion("x", { finish_reason: "tool_calls" }) }),
        "$.choices[0].finish_reason"
      )
      assert.include(yield* wrong({ body: { ...completion("x") as object, usage: null } }), "$.usage")
    }))

  it.live("may not answer twice where one answer was asked for", () =>
    Effect.gen(function*() {
      const choice = { finish_reason: "stop", message: { content: "x" } }
      const message = yield* wrong({
        body: { choices: [choice, choice], usage: { prompt_tokens: 1, completion_tokens: 1 } }
      })
      assert.include(message, "$.choices[1]")
    }))

  it.live("is quoted briefly where it is no JSON", () =>
    Effect.gen(function*() {
      const message = yield* wrong({ body: `<html>${"x".repeat(5000)}` })
      assert.include(message, "did not answer in JSON; its body begins: <html>xxx")
      assert.isBelow(message.length, 400)
    }))
})

describe("no server", () => {
  it.live("is told at once, with the URL and what to do", () =>
    Effect.gen(function*() {
      const { baseUrl } = yield* Effect.scoped(chatServer(() => ok)) // gone when the scope ends
      const client = yield* OpenAiClient.make({
        baseUrl: baseUrl.replace("://", "://user:secret@")
      })
      const { message } = yield* Effect.flip(client.chat(request))
      assert.include(message, `no answer from ${baseUrl}`)
      assert.include(message, "ECONNREFUSED")
      assert.include(message, "start a server there")
      assert.notInclude(message, "secret")
      assert.deepStrictEqual(yield* client.missing("m"), [message])
    }))

  it.live("is what a server is that does not answer in time", () =>
    Effect.gen(function*() {
      const server = yield* chatServer(() => new Promise<Reply>(() => undefined))
      const client = yield* OpenAiClient.make({ baseUrl: server.baseUrl, timeout: 1 })
      assert.include((yield* Effect.flip(client.chat(request))).message, "time-out: nothing within 1ms) (2 attempts)")
    }).pipe(atOnce(2)))
})

describe("the key", () => {
  const key = "sk-very-secret-123"
  const withKey = Effect.provideService(
    ConfigProvider.ConfigProvider,
    ConfigProvider.fromUnknown({ EXPERT_KEY: ` ${key}\n` })
  )

  it.live("is sent, and is in no error, even where the server repeats it", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* clientOf([
        { status: 401, body: { error: { message: `Incorrect API key provided: ${key}` } } },
        { body: `not JSON ${key}` }
      ], { apiKeyEnv: "EXPERT_KEY" })
      for (const expected of ["Incorrect API key provided: <key>", "not JSON <key>"]) {
        const error = yield* Effect.flip(client.chat(request))
        assert.include(error.message, expected)
        assert.notInclude(inspect(error, { depth: 10 }) + JSON.stringify(error), key)
      }
      assert.strictEqual(asked[0]!.headers.authorization, `Bearer ${key}`)
    }).pipe(withKey))

  it.live("is asked for by the name of its variable", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* clientOf([ok], { apiKeyEnv: "OTHER_KEY" })
      assert.include((yield* Effect.flip(client.chat(request))).message, "set the environment variable OTHER_KEY")
      assert.include((yield* client.missing("m"))[0], "set the environment variable OTHER_KEY")
      assert.strictEqual(asked.length, 0)
    }).pipe(withKey))
})

describe("concurrency", () => {
  it.live("stays within its bound and reaches it", () =>
    Effect.gen(function*() {
      let [inFlight, most] = [0, 0]
      const waiting: Array<() => void> = []
      const server = yield* chatServer(async () => {
        most = Math.max(most, ++inFlight)
        // the third request in flight lets all go; with fewer the test would hang, with more `most` tells
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
          if (inFlight >= 3) waiting.splice(0).forEach((go) => go())
        })
        inFlight--
        return ok
      })
      const client = yield* OpenAiClient.make({ baseUrl: server.baseUrl, concurrency: 3 })
      yield* Effect.forEach(Array.from({ length: 9 }), () => client.chat(request), { concurrency: "unbounded" })
      assert.strictEqual(most, 3)
      assert.strictEqual(server.asked.length, 9)
    }))
})

describe("missing", () => {
  const models = (ids: ReadonlyArray<string>): Reply => ({ body: { data: ids.map((id) => ({ id })) } })

  it.live("is nothing where the model is served, or the server has no list", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* clientOf([models(["a", "m"]), models(["a"]), { status: 404, body: "" }])
      assert.deepStrictEqual(yield* client.missing("m"), [])
      assert.deepStrictEqual(yield* client.missing(undefined), [])
      assert.deepStrictEqual(yield* client.missing("m"), [])
      assert.deepStrictEqual(
        asked.map(({ method, path }) => `${method} ${path}`),
        Array.from({ length: 3 }, () => "GET /v1/models")
      )
    }))

  it.live("names the model that is not served, and the key that is refused", () =>
    Effect.gen(function*() {
      const { baseUrl, client } = yield* clientOf([models(["a", "b"]), { status: 401, body: {} }])
      assert.deepStrictEqual(yield* client.missing("m"), [`${baseUrl} does not serve m (it serves a, b)`])
      assert.include((yield* client.missing("m"))[0], "refuses the key")
    }))
})

describe("assumedCost", () => {
  it("is that of 1,500 tokens in and 700 out", () => {
    const { basis, usdPerRow } = OpenAiClient.assumedCost({ input: 3, output: 15 })
    assert.approximately(usdPerRow, 0.0045 + 0.0105, 1e-12)
    assert.include(basis, "assumed")
  })
})
