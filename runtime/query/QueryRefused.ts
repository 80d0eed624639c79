/**
 * The one error of a question to a cache that cannot be answered as it was asked: what is wrong, and what to ask
 * instead. DuckDB's words may quote a cell, and cells hold what a model wrote, so nothing in the message acts on a
 * terminal.
 */
import * as Schema from "effect/Schema"
import { visible } from "../terminal/text.ts"

/** `next` is advice, empty where the reason says enough. */
export class QueryRefused extends Schema.TaggedError<QueryRefused>()("QueryRefused", {
  reason: Schema.String,
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    const text = this.next === "" ? this.reason : `${this.reason}\n  ${this.next}`
    return text.split("\n").map(visible).join("\n")
  }
}
