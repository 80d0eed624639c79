/**
 * What the tests of HTTP layers share: a server in this process that answers as it is told and keeps what it was asked, and
 * the fields of a completion.
 */
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import * as Effect from "effect/Effect"
import * as Attempts from "../../../runtime/Attempts.ts"

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: any
}

export interface Reply {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  /** Sent as JSON, or as it is where it is a string. */
  readonly body: unknown
}

/** A server on a free port; `reply` gets each request and its number from 0. It ends with the scope. */
export const chatServer = (reply: (asked: Asked, index: number) => Reply | Promise<Reply>) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const asked: Array<Asked> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", async () => {
          const text = Buffer.concat(chunks).toString("utf8")
          const one: Asked = {
            method: request.method!,
            path: request.url!,
            headers: request.headers,
            body: text === "" ? undefined : JSON.parse(text)
          }
          asked.push(one)
          const { body, headers = {}, status = 200 } = await reply(one, asked.length - 1)
          response.writeHead(status, { "content-type": "application/json", ...headers })
          response.end(typeof body === "string" ? body : JSON.stringify(body))
        })
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as AddressInfo
      return { baseUrl: `http://127.0.0.1:${port}/v1`, asked, server }
    }),
    ({ server }) =>
      Effect.promise(() => {
        server.closeAllConnections()
        return new Promise<void>((resolve) => server.close(() => resolve()))
      })
  )

/** A completion as a server sends it, with other fields of the choice where given. */
export const completion = (content: string | null, choice: { readonly [field: string]: unknown } = {}): unknown => ({
  id: "x",
  object: "chat.completion",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content }, ...choice }],
  usage: { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }
})

/** Failures that may pass are tried so often, without waiting. */
export const atOnce = (tries: number) => {
  const backoff: Attempts.Backoff = { tries, firstMs: 0, longestMs: 60_000 }
  return Effect.provideService(Attempts.Backoffs, {
    "rate-limit": backoff,
    server: backoff,
    network: backoff,
    timeout: backoff
  })
}
