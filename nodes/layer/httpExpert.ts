/**
 * An expert behind an OpenAI-compatible server, grounded in the clauses it is shown. How it is asked and read is in
 * `expertPrompt.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { CritiqueRequest } from "../service/Expert.ts"
import { Expert, ExpertFailed } from "../service/Expert.ts"
import * as Chat from "./chatCompletion.ts"
import * as Prompt from "./expertPrompt.ts"
import * as OpenAiClient from "./OpenAiClient.ts"

export interface HttpExpertOptions extends OpenAiClient.ServerOptions {
  readonly model: string
  /** null: not sent, for models that accept their own value only. Default: 0. */
  readonly temperature?: number | null
  /** Default: null, since it has no effect at temperature 0, and some vendors refuse both at once. */
  readonly topP?: number | null
  /** Default: 0. */
  readonly seed?: number | null
  /** Tokens of a reply, reasoning included. Default: 1024. */
  readonly maxTokens?: number
  /** Default: `max_tokens`. */
  readonly limitField?: "max_tokens" | "max_completion_tokens"
}

/**
 * The expert `options.model`. A reply that a filter withheld, the vendor refused or the token limit cut has no verdict; one
 * that breaks the grammar, or cites a clause it was not shown, fails with `ExpertFailed` and is asked for again by the next run.
 */
export const httpExpert = (options: HttpExpertOptions): Layer.Layer<Expert> =>
  Layer.effect(
    Expert,
    Effect.gen(function*() {
      const { limitField = "max_tokens", maxTokens = 1024, model, seed = 0, temperature = 0, topP = null } = options
      const sampling = { temperature, topP, seed, maxTokens, limitField }
      const client = yield* OpenAiClient.make(options)
      const critique = Effect.fn("httpExpert.critique")(function*(request: CritiqueRequest) {
        const answer = yield* client.chat({ model, messages: Prompt.expertMessages(request), ...sampling }).pipe(
          Effect.mapError((failed) => new ExpertFailed(failed.told))
        )
        if (answer.finishReason !== "stop") return { critique: "", verdict: null, cited: [] }
        const shown = request.clauses.map(({ clauseId }) => clauseId)
        return yield* Effect.fromResult(Prompt.readExpertReply(answer.content, shown, request.assigned)).pipe(
          Effect.mapError((reason) =>
            new ExpertFailed({
              reason,
              next: "finished rows are kept: run again, or choose a model that keeps to the form"
            })
          )
        )
      })
      return Expert.of({
        fingerprint: JSON.stringify({ expert: "openai-chat", model, ...sampling }),
        code: [
          { file: Prompt.url, name: "expertMessages" },
          { file: Prompt.url, name: "readExpertReply" },
          { file: Chat.url, name: "chatRequestBody" },
          { file: Chat.url, name: "readChatCompletion" }
        ],
        ...(options.price === undefined
          ? {}
          : { expensive: true, estimate: OpenAiClient.assumedCost(options.price) }),
        missing: client.missing(model),
        critique
      })
    })
  )
