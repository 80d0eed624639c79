/**
 * The folder of the cache that a command looks after, which must be there: looking after a mistaken folder would make one.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync } from "node:fs"
import { baseOf } from "../../cache/layout.ts"
import { cacheRootOf, projectRootOf } from "../Place.ts"
import { CacheMissing } from "../query/existingCache.ts"

export interface CacheFolder {
  readonly root: string
  /** The folder of this version's layout below it. */
  readonly base: string
}

/** **Fails**: `CacheMissing`. */
export const cacheFolder = (asked: Option.Option<string>): Effect.Effect<CacheFolder, CacheMissing> =>
  Effect.suspend(() => {
    const environment = process.env["PIPELINE_CACHE"]
    const root = cacheRootOf(projectRootOf(process.cwd()), Option.getOrUndefined(asked), environment)
    const base = baseOf(root)
    return existsSync(base) ? Effect.succeed({ root, base }) : Effect.fail(new CacheMissing({ folder: root }))
  })
