/** What stops a run whose evaluation would measure memory: evaluation prompts that training saw. */
import * as Schema from "effect/Schema"

/** `paths` names the first leaks, from the evaluation prompt to what was trained on; texts are never in a message. */
export class LeakFound extends Schema.TaggedError<LeakFound>()("LeakFound", {
  exact: Schema.Int,
  near: Schema.Int,
  paths: Schema.Array(Schema.String),
  next: Schema.String
}) {
  override get message() {
    const all = this.exact + this.near
    return `${all} evaluation ${
      all === 1 ? "prompt" : "prompts"
    } leaked into training (${this.exact} exact, ${this.near} near): `
      + `${this.paths.join("; ")}${
        all > this.paths.length ? `; and ${all - this.paths.length} more` : ""
      }; ${this.next}`
  }
}

/** How many leaks a message names. */
export const namedPaths = 5
