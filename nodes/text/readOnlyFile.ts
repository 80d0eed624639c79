/**
 * Reads files of artifacts. Bodies may not touch the file system; this is the way for what the cache holds, whose
 * content is in the key already.
 */
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs" // pipeline: allow fs, the artifact's content is in the key
import { join } from "node:path"
import type { Folder } from "../../runtime/Type.ts"

/** The one file of a file artifact. */
export const readOnlyFile = (file: Folder<"file">): Effect.Effect<{ readonly name: string; readonly text: string }> =>
  Effect.sync(() => {
    const name = readdirSync(file.path)[0]! // pipeline: allow fs, the artifact's content is in the key
    return { name, text: readFileSync(join(file.path, name), "utf8") } // pipeline: allow fs, the artifact's content is in the key
  })

/** A text file of an artifact by its relative name; undefined where there is none. */
export const readArtifactFile = (artifact: Folder<string>, name: string): Effect.Effect<string | undefined> =>
  Effect.sync(() => {
    const file = join(artifact.path, name)
    return existsSync(file) ? readFileSync(file, "utf8") : undefined // pipeline: allow fs, the artifact's content is in the key
  })
