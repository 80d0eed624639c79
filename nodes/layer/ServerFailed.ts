/** What can go wrong between a service and the server behind it, in words that each service passes on as its own failure. */
import * as Schema from "effect/Schema"
import { Transient } from "../../runtime/Transient.ts"

const fields = {
  reason: Schema.String,
  next: Schema.String,
  /** Where it may pass by itself: it is tried again. */
  transient: Schema.optionalKey(Transient)
}

/** No usable answer came. */
export class ServerFailed extends Schema.TaggedError<ServerFailed>()("ServerFailed", fields) {
  override get message() {
    return `${this.reason}; ${this.next}`
  }
  /** What a service's own failure says of it. */
  get told(): Schema.Struct.Type<typeof fields> {
    const { next, reason, transient } = this
    return { reason, next, ...(transient === undefined ? {} : { transient }) }
  }
}
