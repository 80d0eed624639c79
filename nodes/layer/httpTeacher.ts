/**
 * A teacher behind an OpenAI-compatible server: a reasoning model whose server splits reasoning from answer. How it is
 * asked is in `teacherPrompt.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type LessonRequest, Teacher, TeacherFailed } from "../service/Teacher.ts"
import * as Chat from "./chatCompletion.ts"
import * as OpenAiClient from "./OpenAiClient.ts"
import * as Prompt from "./teacherPrompt.ts"

export interface HttpTeacherOptions extends OpenAiClient.ServerOptions {
  readonly model: string
  /** Tokens of reasoning and answer. Default: 8192. */
  readonly maxTokens?: number
}

/** The teacher `options.model`, asked greedily. Refused, filtered or cut answers, and those without reasoning, are no lesson. */
export const httpTeacher = (options: HttpTeacherOptions): Layer.Layer<Teacher> =>
  Layer.effect(
    Teacher,
    Effect.gen(function*() {
      const { maxTokens = 8192, model } = options
      const sampling = { temperature: 0, topP: 1, seed: 0, maxTokens }
      const client = yield* OpenAiClient.make(options)
      const answer = Effect.fn("httpTeacher.answer")(function*(request: LessonRequest) {
        const reply = yield* client.chat({ model, messages: Prompt.teacherMessages(request), ...sampling }).pipe(
          Effect.mapError((failed) => new TeacherFailed(failed.told))
        )
        const { content, finishReason, reasoning } = reply
        if (finishReason !== "stop" || content.trim() === "" || reasoning.trim() === "") return null
        return { reasoning: reasoning.trim(), answer: content.trim() }
      })
      return Teacher.of({
        fingerprint: JSON.stringify({ teacher: "openai-chat", model, ...sampling }),
        code: [
          { file: Prompt.url, name: "teacherMessages" },
          { file: Chat.url, name: "chatRequestBody" },
          { file: Chat.url, name: "readChatCompletion" }
        ],
        ...(options.price === undefined
          ? {}
          : { expensive: true, estimate: OpenAiClient.assumedCost(options.price) }),
        missing: client.missing(model),
        answer
      })
    })
  )
