/**
 * The cache that a command looks after, as a folder. It must be there: looking after a mistaken folder would make one.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { baseOf, Store } from "../../cache/Store.ts"
import { cacheRootOf, projectRootOf } from "../Place.ts"
import { existingCache } from "../query/existingCache.ts"

/** The store of the folder a command is called in, or of the one that is asked for. **Fails**: `CacheMissing`. */
export const existingHere = (asked: Option.Option<string>) =>
  existingCache(cacheRootOf(projectRootOf(process.cwd()), Option.getOrUndefined(asked), process.env["PIPELINE_CACHE"]))

/** The cache's folder, and the folder of its layout below it, once the store has found that it has this version's format. */
export const cacheFolder = Effect.map(Store, ({ root }) => ({ root, base: baseOf(root) }))
