/**
 * The server behind `fixtures/asking.ts`, in the test's process: it keeps the questions and answers them as it is told.
 */
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface Question {
  readonly text: string
  /** Sends a verdict that costs so many dollars. */
  readonly answer: (dollars?: number) => void
  /** Sends an error status. */
  readonly refuse: (status: number) => void
}

export interface AskingServer {
  readonly url: string
  /** Every question, in the order they came. */
  readonly asked: ReadonlyArray<Question>
  /** What becomes of a question. At first every one is answered. */
  onQuestion: (question: Question, number: number) => void
  /** Forgets the questions and answers the next ones. */
  readonly reset: () => void
  readonly close: () => Promise<void>
}

const completion = (dollars: number) => ({
  choices: [{
    finish_reason: "stop",
    message: { content: "Critique: it is told .\nClauses: none\nVerdict: safe" }
  }],
  usage: { prompt_tokens: 0, completion_tokens: dollars }
})

const send = (response: ServerResponse, status: number, body: unknown) => {
  if (response.writableEnded) return
  response.writeHead(status, { "content-type": "application/json", "retry-after": "0" }).end(JSON.stringify(body))
}

export const askingServer = async (): Promise<AskingServer> => {
  const asked: Array<Question> = []
  const answered = (question: Question) => question.answer()
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => void (body += text)).on("end", () => {
      if (request.method === "GET") return send(response, 404, {}) // it has no list of models
      const question: Question = {
        text: JSON.parse(body).messages.at(-1).content,
        answer: (dollars = 0) => send(response, 200, completion(dollars)),
        refuse: (status) => send(response, status, { error: { message: `status ${status}` } })
      }
      made.onQuestion(question, asked.push(question) - 1)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const made: AskingServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    onQuestion: answered,
    reset: () => {
      asked.length = 0
      made.onQuestion = answered
    },
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
  return made
}
