/**
 * Where a run takes place: the project folder that relative paths mean, and the cache. Neither enters a key.
 */
import * as Context from "effect/Context"
import { existsSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** Relative paths of sources are relative to this folder. */
export const ProjectRoot = Context.Reference<string>("sinternal/runtime/ProjectRoot", {
  defaultValue: () => process.cwd()
})

/** The cache folder of this run. What is fetched from outside and is no result lies below it too. */
export const CacheRoot = Context.Reference<string>("sinternal/runtime/CacheRoot", {
  defaultValue: () => cacheRootOf(process.cwd(), undefined, process.env["PIPELINE_CACHE"])
})

/** The nearest folder at or above `from` that holds a package.json; `from` itself where there is none. */
export const projectRootOf = (from: string): string => {
  for (let folder = resolve(from);; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder
    if (dirname(folder) === folder) return resolve(from)
  }
}

/** The cache of a project: what is asked for, else `PIPELINE_CACHE`, else `.pipeline/` beside package.json. */
export const cacheRootOf = (projectRoot: string, asked: string | undefined, environment: string | undefined): string =>
  resolve(asked ?? environment ?? join(projectRoot, ".pipeline"))
