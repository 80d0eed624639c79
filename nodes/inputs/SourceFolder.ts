/**
 * Where bytes from outside are kept: one folder for each pinned archive, named by its SHA-256, shared by all runs on a
 * cache. Who puts them there is `fetchWheel.ts`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { CacheRoot } from "../../runtime/Place.ts"

/** A folder of the user's own instead; empty: below the cache. Its place never enters a key. */
export const SourceFolder = Context.Reference<string>("sinternal/nodes/SourceFolder", { defaultValue: () => "" })

/** The folder of this run. */
export const sourceFolder: Effect.Effect<string> = Effect.gen(function*() {
  const own = yield* SourceFolder
  return own === "" ? join(yield* CacheRoot, "sources") : own
})
