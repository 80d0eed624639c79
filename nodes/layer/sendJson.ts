/**
 * One JSON request over HTTP: status, headers and text of the response, whatever they say. Retries, limits and the meaning
 * of bodies are `OpenAiClient.ts`'s business. Imported when the first request is made.
 *
 * It stands on `node:http` and not on `fetch`, which gives up when headers take longer than five minutes: an answer of
 * many tokens, not streamed, does.
 */
import { layerNodeHttpOptions } from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

export interface JsonRequest {
  readonly url: string
  readonly key: Redacted.Redacted | undefined
  /** Absent: a GET. */
  readonly body?: unknown
}

export interface JsonResponse {
  readonly status: number
  /** The header of this name, in lower case. */
  readonly header: (name: string) => string | undefined
  readonly text: string
}

/** No response came: `code` is the system's, for example `ECONNREFUSED`. */
export interface NoResponse {
  readonly code: string
  readonly detail: string
}

export type Send = (request: JsonRequest) => Effect.Effect<JsonResponse, NoResponse>

/** The innermost error that carries a code: transport errors are wrapped, and several addresses give an AggregateError. */
const systemError = (error: unknown): NoResponse => {
  for (let at: any = error; typeof at === "object" && at !== null; at = at.cause ?? at.errors?.[0]) {
    if (typeof at.code === "string") return { code: at.code, detail: String(at.message || at.code) }
  }
  return { code: "unknown", detail: error instanceof Error ? error.message : String(error) }
}

const build = ({ body, key, url }: JsonRequest): HttpClientRequest.HttpClientRequest => {
  const request = body === undefined
    ? HttpClientRequest.get(url)
    : HttpClientRequest.bodyJsonUnsafe(HttpClientRequest.post(url), body)
  const accepting = HttpClientRequest.acceptJson(request)
  return key === undefined ? accepting : HttpClientRequest.bearerToken(accepting, Redacted.value(key).trim())
}

/** Sends requests over kept connections, which end with the scope. */
export const makeSend: Effect.Effect<Send, never, Scope.Scope> = Effect.gen(function*() {
  const context = yield* Layer.build(layerNodeHttpOptions({ keepAlive: true }))
  const client = yield* Effect.provide(HttpClient.HttpClient, context)
  return Effect.fnUntraced(
    function*(request) {
      const response = yield* client.execute(build(request))
      const text = yield* response.text
      return { status: response.status, header: (name: string) => response.headers[name], text }
    },
    Effect.mapError(systemError),
    Effect.provideService(HttpClient.TracerPropagationEnabled, false)
  )
})
