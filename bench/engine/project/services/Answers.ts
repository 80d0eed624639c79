/**
 * The role that answers a row, sometimes only after a failure: what stands for a server that is overloaded now and then.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Used } from "../../../../runtime/Used.ts"

/** A call that may succeed when it is tried again. */
export class AnswerFailed extends Schema.TaggedError<AnswerFailed>()("AnswerFailed", {
  status: Schema.Literals([429, 503])
}) {
  override get message() {
    return `the server answered ${this.status}; try again`
  }

  /** How the engine knows that another attempt makes sense, and how soon. */
  get transient() {
    return this.status === 429
      ? { class: "rate-limit" as const, afterMs: 20 }
      : { class: "server" as const }
  }
}

export class Answers extends Context.Service<
  Answers,
  Used & {
    readonly answer: (id: string, text: string) => Effect.Effect<string, AnswerFailed>
  }
>()("bench/engine/Answers") {}
