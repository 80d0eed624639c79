/**
 * The one error of everything that reads model files: which file, which tensor or part of it, and why. What is missing
 * in a model's architecture is `UnsupportedModel` of `../Llama.ts`.
 */
import * as Schema from "effect/Schema"

/** A model file that is missing, damaged, cut short or in a format this engine does not read. */
export class CheckpointUnreadable extends Schema.TaggedError<CheckpointUnreadable>()("CheckpointUnreadable", {
  file: Schema.String,
  tensor: Schema.optionalKey(Schema.String),
  reason: Schema.String
}) {
  override get message() {
    return `cannot read ${this.file}${this.tensor === undefined ? "" : `, tensor ${this.tensor}`}: ${this.reason}`
  }
}
