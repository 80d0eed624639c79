/**
 * The wire form of OpenAI-compatible chat completions: what is asked for and how an answer is read, as pure functions.
 * Source: the vLLM protocol (`chat_completion/protocol.py`) and OpenAI's reference; SGLang and llama.cpp follow them.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Message } from "../service/Sampler.ts"

/** This module, for the code digest of services that speak this form. */
export const url = import.meta.url

export interface ChatRequest {
  readonly model: string
  readonly messages: ReadonlyArray<Message>
  /** null: not sent, for servers that refuse any but their own. */
  readonly temperature: number | null
  readonly topP: number | null
  readonly maxTokens: number
  readonly seed: number | null
  /** Ask for the log probability of each token. */
  readonly logprobs?: boolean
  /** The field that limits the answer. Default: `max_tokens`, which every open server knows. */
  readonly limitField?: "max_tokens" | "max_completion_tokens"
  /** Fields beyond OpenAI's, for example `top_k`. */
  readonly extra?: { readonly [field: string]: unknown }
}

export interface ChatAnswer {
  readonly content: string
  /** What a reasoning parser of the server split off; empty where it splits nothing. */
  readonly reasoning: string
  /** `refusal`: the vendor's own, stated apart from the content; `filter`: cut or withheld by a content filter. */
  readonly finishReason: "stop" | "length" | "refusal" | "filter"
  readonly promptTokens: number
  readonly completionTokens: number
  /** Sum over the completion, nats; 0 where the server does not say. */
  readonly logprob: number
}

/** The body of the request. Everything that shapes the answer is said, because servers have defaults of their own. */
export const chatRequestBody = (request: ChatRequest): { readonly [field: string]: unknown } => ({
  model: request.model,
  messages: request.messages.map(({ content, role }) => ({ role, content })),
  n: 1,
  stream: false,
  [request.limitField ?? "max_tokens"]: request.maxTokens,
  ...(request.temperature === null ? {} : { temperature: request.temperature }),
  ...(request.topP === null ? {} : { top_p: request.topP }),
  ...(request.seed === null ? {} : { seed: request.seed }),
  ...(request.logprobs === true ? { logprobs: true } : {}),
  ...request.extra
})

const text = Schema.optional(Schema.NullOr(Schema.String))

const Completion = Schema.Struct({
  choices: Schema.Tuple([
    Schema.Struct({
      finish_reason: Schema.Literals(["stop", "length", "content_filter"]),
      message: Schema.Struct({ content: text, reasoning: text, reasoning_content: text, refusal: text }),
      logprobs: Schema.optional(Schema.NullOr(Schema.Struct({
        content: Schema.optional(Schema.NullOr(Schema.Array(Schema.Struct({ logprob: Schema.Finite }))))
      })))
    })
  ]),
  usage: Schema.Struct({ prompt_tokens: Schema.Int, completion_tokens: Schema.Int })
})

const decode = Schema.decodeUnknownResult(Completion)
const format = SchemaIssue.makeFormatterStandardSchemaV1()

const jsonPath = (path: ReadonlyArray<PropertyKey>): string =>
  `$${path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("")}`

const pathKey = (segment: unknown): PropertyKey =>
  typeof segment === "object" && segment !== null
    ? (segment as { readonly key: PropertyKey }).key
    : segment as PropertyKey

/** The first thing in the body that is not as it should be, for example `$.choices[0].message: Missing key`. */
const mismatch = (issue: SchemaIssue.Issue): string => {
  const [first] = format(issue).issues
  return first === undefined ? "$" : `${jsonPath((first.path ?? []).map(pathKey))}: ${first.message}`
}

/** The answer in a response body, or what is wrong with the body and at which path. */
export const readChatCompletion = (body: unknown): Result.Result<ChatAnswer, string> =>
  Result.mapBoth(decode(body), {
    onFailure: (error) => mismatch(error.issue),
    onSuccess: ({ choices: [{ finish_reason, logprobs, message }], usage }): ChatAnswer => {
      const refused = message.refusal != null && message.refusal !== ""
      return {
        content: refused ? message.refusal! : message.content ?? "",
        reasoning: message.reasoning || message.reasoning_content || "",
        finishReason: finish_reason === "content_filter" ? "filter" : refused ? "refusal" : finish_reason,
        promptTokens: usage.prompt_tokens,
        completionTokens: usage.completion_tokens,
        logprob: (logprobs?.content ?? []).reduce((sum, token) => sum + token.logprob, 0)
      }
    }
  })

const filtered: ChatAnswer = {
  content: "",
  reasoning: "",
  finishReason: "filter",
  promptTokens: 0,
  completionTokens: 0,
  logprob: 0
}

const ErrorBody = Schema.Struct({
  error: Schema.Union([
    Schema.String,
    Schema.Struct({
      message: Schema.String,
      code: Schema.optional(Schema.Unknown),
      type: Schema.optional(Schema.Unknown)
    })
  ])
})

/** What a server says in a body that is an error, in its forms that are in use; undefined where it has none of them. */
export const readServerError = (body: unknown): { readonly message: string; readonly code: string } | undefined => {
  const flat = Schema.decodeUnknownResult(Schema.Struct({ message: Schema.String }))(body)
  const nested = Schema.decodeUnknownResult(ErrorBody)(body)
  if (Result.isSuccess(nested)) {
    const { error } = nested.success
    return typeof error === "string"
      ? { message: error, code: "" }
      : { message: error.message, code: String(error.code ?? error.type ?? "") }
  }
  return Result.isSuccess(flat) ? { message: flat.success.message, code: "" } : undefined
}

/** Codes by which vendors refuse a request with an error status instead of a finish reason. */
const filterCodes = ["content_filter", "content_policy_violation"]

/** An answer that is an outcome although its status is an error: the vendor's content filter. */
export const readFilteredRequest = (status: number, body: unknown): ChatAnswer | undefined =>
  status === 400 && filterCodes.includes(readServerError(body)?.code ?? "") ? filtered : undefined
