/**
 * What names a package from outside for good: index, name, version and the SHA-256 of its wheel, with the SHA-256 of the
 * files that are read. Which packages the project knows is in `pins.ts`.
 */
import * as Schema from "effect/Schema"

export interface PackagePin {
  readonly name: string
  readonly version: string
  /** SHA-256 of the wheel, 64 hex characters. */
  readonly sha256: string
  /** SHA-256 by path inside the wheel. Other files of the wheel can be read too: the wheel's own digest covers them. */
  readonly files: { readonly [path: string]: string }
}

/** `pypi:name==version`, as it is written in experiments and messages. */
export const label = ({ name, version }: PackagePin): string => `pypi:${name}==${version}`

/** A pinned package cannot be had, or is not what its pin says. */
export class PackageUnavailable extends Schema.TaggedError<PackageUnavailable>()("PackageUnavailable", {
  package: Schema.String,
  reason: Schema.String,
  next: Schema.String
}) {
  override get message() {
    return `package ${this.package}: ${this.reason}; ${this.next}`
  }
}
