/**
 * The one failure of reading an archive: it is not one, or not as it was written. Nothing of it is in the cache then.
 */
import * as Schema from "effect/Schema"

export class ArchiveRefused extends Schema.TaggedError<ArchiveRefused>()("ArchiveRefused", {
  file: Schema.String,
  found: Schema.String,
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    return `${this.file}: ${this.found}\n  nothing was imported; ${this.next}`
  }
}
