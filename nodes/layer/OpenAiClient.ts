/**
 * The one client of OpenAI-compatible servers: vLLM, SGLang, llama.cpp and the vendors' own. It bounds how many requests are
 * in flight, says which failures may pass, and records what calls cost. What bodies say is in `chatCompletion.ts`;
 * connections are in `sendJson.ts`; trying again is `runtime/Attempts.ts`'s. Nothing of it enters a key.
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Attempts from "../../runtime/Attempts.ts"
import type { Transient } from "../../runtime/Transient.ts"
import * as Usage from "../../runtime/Usage.ts"
import type { Estimate } from "../../runtime/Used.ts"
import * as Chat from "./chatCompletion.ts"
import type { JsonRequest, JsonResponse } from "./sendJson.ts"
import { ServerFailed } from "./ServerFailed.ts"

/** Unit: US dollars per million tokens. */
export interface Price {
  readonly input: number
  readonly output: number
}

export interface ServerOptions {
  /** Up to and with the version, for example `http://localhost:8000/v1`. */
  readonly baseUrl: string
  /** Name of the environment variable that holds the key; without, no key is sent. */
  readonly apiKeyEnv?: string
  readonly price?: Price
  /** Most requests in flight. Default: 16. */
  readonly concurrency?: number
  /** Time for one answer. Default: 10 minutes. */
  readonly timeout?: Duration.Input
}

export interface OpenAiClient {
  /** **Fails**: `ServerFailed`, marked as transient where the row around it is what will be tried again. */
  readonly chat: (request: Chat.ChatRequest) => Effect.Effect<Chat.ChatAnswer, ServerFailed>
  /** What stands in the way of using `model` now, one line each. */
  readonly missing: (model: string | undefined) => Effect.Effect<ReadonlyArray<string>>
}

const modelsTimeout = Duration.seconds(3)
const shownBody = 200
/** Statuses below 500 that may pass: time-out, conflict, too many requests. */
const transientStatuses: ReadonlyMap<number, Transient["class"]> = new Map([
  [408, "timeout"],
  [409, "server"],
  [429, "rate-limit"]
])
/** Codes that say that there is no server: waiting a little brings none. */
const noServer = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ERR_INVALID_URL"]

/** Codes that say that an answer took too long: ours and the system's. */
const tooLong = ["time-out", "ETIMEDOUT"]

const permanent = (reason: string, next: string) => new ServerFailed({ reason, next })

/** A base URL as it may be shown: without user, password and query. */
const shownUrl = (url: string): string => {
  const parsed = URL.parse(url)
  return parsed === null ? url : `${parsed.protocol}//${parsed.host}${parsed.pathname}`.replace(/\/$/, "")
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Milliseconds a `Retry-After` header asks for, given as seconds or as a date; 0 where it is absent or unreadable. */
export const retryAfterMillis = (header: string | undefined, now: number): number => {
  if (header === undefined) return 0
  const seconds = Number(header)
  const millis = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now
  return Number.isFinite(millis) ? Math.max(0, millis) : 0
}

/** A server's words, without the key should it repeat it, and not longer than a line or two. */
const quote = (text: string, key: Redacted.Redacted | undefined): string => {
  const secret = key === undefined ? "" : Redacted.value(key).trim()
  const scrubbed = secret === "" ? text : text.replaceAll(secret, "<key>")
  return scrubbed.replace(/\s+/g, " ").trim().slice(0, shownBody)
}

/** What a client needs to word its failures. */
interface Server {
  readonly url: string
  readonly apiKeyEnv: string | undefined
}

const keyAdvice = ({ apiKeyEnv }: Server): string =>
  apiKeyEnv === undefined ? "name the variable that holds the key (apiKeyEnv)" : `check the key in ${apiKeyEnv}`

/** The failure behind an error status. */
const failedStatus = (server: Server, response: JsonResponse, words: string, now: number): ServerFailed => {
  const { header, status } = response
  const reason = `${server.url} answered ${status}${words === "" ? "" : `: ${words}`}`
  const passing = status >= 500 ? "server" : transientStatuses.get(status)
  if (passing !== undefined) {
    const next = status === 429
      ? "finished rows are kept: run again later, or lower the concurrency"
      : "finished rows are kept: look at the server's log and run again"
    const afterMs = retryAfterMillis(header("retry-after"), now)
    return new ServerFailed({ reason, next, transient: { class: passing, afterMs } })
  }
  if (status === 401 || status === 403) return permanent(reason, keyAdvice(server))
  if (status === 404) {
    return permanent(reason, "check the base URL (it ends with the version, mostly /v1) and the model's name")
  }
  return permanent(reason, "the server does not accept this request: check the model's name and its limits")
}

/** The answer in a response, or why there is none. */
const readResponse = (
  server: Server,
  response: JsonResponse,
  key: Redacted.Redacted | undefined,
  now: number
): Result.Result<Chat.ChatAnswer, ServerFailed> => {
  const body = parseJson(response.text)
  const outcome = Chat.readFilteredRequest(response.status, body)
  if (outcome !== undefined) return Result.succeed(outcome)
  if (response.status < 200 || response.status > 299) {
    const words = quote(Chat.readServerError(body)?.message ?? response.text, key)
    return Result.fail(failedStatus(server, response, words, now))
  }
  const next = "check that the URL is that of an OpenAI-compatible server"
  const got = `its body begins: ${quote(response.text, key)}`
  if (body === undefined) return Result.fail(permanent(`${server.url} did not answer in JSON; ${got}`, next))
  return Result.mapError(
    Chat.readChatCompletion(body),
    (where) => permanent(`${server.url} does not answer as expected at ${where}; ${got}`, next)
  )
}

const unreachable = ({ url }: Server, code: string, detail: string): ServerFailed => {
  const reason = `no answer from ${url} (${detail.includes(code) ? detail : `${code}: ${detail}`})`
  if (noServer.includes(code)) {
    return permanent(reason, "start a server there, for example `vllm serve MODEL`, or change the base URL")
  }
  return new ServerFailed({
    reason,
    next: "finished rows are kept: check the network and the server's log, and run again",
    transient: { class: tooLong.includes(code) ? "timeout" : "network" }
  })
}

/** What a call failed with after all its attempts. */
const givenUp = ({ addition, last, message }: Attempts.GivenUp): ServerFailed =>
  last instanceof ServerFailed
    ? permanent(`${last.reason} (${addition})`, last.next)
    : permanent(message, "finished rows are kept: run again")

/** Tokens, dollars and seconds of an answer. */
const costOf = (answer: Chat.ChatAnswer, price: Price | undefined, millis: number): Usage.Usage => ({
  tokens: answer.completionTokens,
  usd: price === undefined
    ? 0
    : (answer.promptTokens * price.input + answer.completionTokens * price.output) / 1e6,
  seconds: millis / 1000
})

const ModelList = Schema.Struct({ data: Schema.Array(Schema.Struct({ id: Schema.String })) })

/** What a list of models says against using `model`. A server without such a list is taken as it is. */
const modelProblem = (server: Server, model: string | undefined, response: JsonResponse): ReadonlyArray<string> => {
  if (response.status === 401 || response.status === 403) return [`${server.url} refuses the key: ${keyAdvice(server)}`]
  const list = Schema.decodeUnknownResult(ModelList)(parseJson(response.text))
  if (response.status !== 200 || Result.isFailure(list) || model === undefined) return []
  const names = list.success.data.map(({ id }) => id)
  return names.includes(model)
    ? []
    : [`${server.url} does not serve ${model} (it serves ${names.slice(0, 5).join(", ") || "nothing"})`]
}

const readKey = ({ apiKeyEnv, url }: Server): Effect.Effect<Redacted.Redacted | undefined, ServerFailed> =>
  apiKeyEnv === undefined
    ? Effect.succeed(undefined)
    : Effect.mapError(
      Config.Redacted(apiKeyEnv),
      () => permanent(`the key for ${url} is not there`, `set the environment variable ${apiKeyEnv}`)
    )

/** A client of one server, which opens no connection before the first call; connections end with the scope. */
export const make = Effect.fnUntraced(function*(
  options: ServerOptions
): Effect.fn.Return<OpenAiClient, never, Scope.Scope> {
  const server: Server = { url: shownUrl(options.baseUrl), apiKeyEnv: options.apiKeyEnv }
  const base = options.baseUrl.replace(/\/+$/, "")
  const permits = yield* Semaphore.make(options.concurrency ?? 16)
  const timeout = options.timeout ?? "10 minutes"
  const scope = yield* Effect.scope
  const connected = yield* Effect.cached(
    Effect.promise(() => import("./sendJson.ts")).pipe(
      Effect.flatMap(({ makeSend }) => makeSend),
      Scope.provide(scope)
    )
  )

  const send = (request: JsonRequest, limit: Duration.Input): Effect.Effect<JsonResponse, ServerFailed> =>
    Effect.flatMap(connected, (send) => send(request)).pipe(
      Effect.mapError(({ code, detail }) => unreachable(server, code, detail)),
      Effect.timeoutOrElse({
        duration: limit,
        orElse: () =>
          Effect.fail(
            unreachable(server, "time-out", `nothing within ${Duration.format(Duration.fromInputUnsafe(limit))}`)
          )
      })
    )

  const attempt = Effect.fnUntraced(function*(body: unknown) {
    const key = yield* readKey(server)
    const start = yield* Clock.currentTimeMillis
    const response = yield* send({ url: `${base}/chat/completions`, key, body }, timeout)
    const end = yield* Clock.currentTimeMillis
    const answer = yield* Effect.fromResult(readResponse(server, response, key, end))
    yield* Usage.record(costOf(answer, options.price, end - start))
    return answer
  })

  const chat = Effect.fn("OpenAiClient.chat")(
    (request: Chat.ChatRequest) => Attempts.ofCall(Attempts.inTurn(permits, attempt(Chat.chatRequestBody(request)))),
    Effect.mapError((error) => error instanceof Attempts.GivenUp ? givenUp(error) : error)
  )

  const missing = Effect.fnUntraced(function*(model: string | undefined) {
    const key = yield* readKey(server)
    return modelProblem(server, model, yield* send({ url: `${base}/models`, key }, modelsTimeout))
  }, Effect.catch((failed) => Effect.succeed([failed.message])))

  return { chat, missing }
})

/** Tokens of a call of the expert before there is history. */
const assumed = { input: 1500, output: 700, tokensPerSecond: 50 }

/** What a call is expected to cost, from the price and assumed tokens. */
export const assumedCost = (price: Price): Estimate => ({
  secondsPerRow: assumed.output / assumed.tokensPerSecond,
  usdPerRow: (assumed.input * price.input + assumed.output * price.output) / 1e6,
  basis:
    `assumed: ${assumed.input} tokens in and ${assumed.output} out at $${price.input} and $${price.output} a million`
})
