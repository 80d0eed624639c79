/** What can go wrong between a service and the server behind it, in words that each service passes on as its own failure. */
import * as Schema from "effect/Schema"

/** No usable answer came, even after the retries. */
export class ServerFailed extends Schema.TaggedError<ServerFailed>()("ServerFailed", {
  reason: Schema.String,
  next: Schema.String
}) {
  override get message() {
    return `${this.reason}; ${this.next}`
  }
}
