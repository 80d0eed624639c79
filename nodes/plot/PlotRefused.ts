/** The one error of a plot that cannot be drawn as it was asked for: what is wrong, and what can be drawn instead. */
import * as Schema from "effect/Schema"
import { visible } from "../../runtime/terminal/text.ts"

export class PlotRefused extends Schema.TaggedError<PlotRefused>()("PlotRefused", {
  reason: Schema.String,
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    // names of nodes and cells may hold anything
    return `${this.reason}\n  ${this.next}`.split("\n").map(visible).join("\n")
  }
}
