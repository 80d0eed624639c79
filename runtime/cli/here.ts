/**
 * The cache of the folder a command is called in, for commands that need no experiment file.
 */
import * as Option from "effect/Option"
import * as CacheStore from "../../cache/Store.ts"
import { cacheRootOf, projectRootOf } from "../Place.ts"

export const cacheHere = (asked: Option.Option<string>) =>
  CacheStore.layer(
    cacheRootOf(projectRootOf(process.cwd()), Option.getOrUndefined(asked), process.env["PIPELINE_CACHE"])
  )
