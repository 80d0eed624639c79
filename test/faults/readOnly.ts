/**
 * A cache that can only be read: on a mount of its own that is read-only, where the system lets a test make one, else
 * with calls that fail as on such a mount. Only the process that is started sees it so.
 */
import { spawnSync } from "node:child_process"
import type { MixedRunOptions } from "./MixedRuns.ts"

const script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && exec \"$@\""

const mounting = (cache: string): ReadonlyArray<string> => ["unshare", "-rm", "/bin/sh", "-c", script, "sh", cache]

/** What makes the cache read-only for a command; it must exist. */
export const readOnly = (cache: string): Pick<MixedRunOptions, "env" | "hooks" | "through"> => {
  const [program, ...args] = mounting(cache)
  return spawnSync(program!, [...args, "true"]).status === 0
    ? { through: mounting(cache) }
    : failing(cache, "EROFS", 1)
}

/** What lets calls on a cache fail with this code from the `from`-th on. */
export const failing = (
  cache: string,
  code: string,
  from: number
): Required<Pick<MixedRunOptions, "env" | "hooks">> => ({
  hooks: ["failAt"],
  env: { FAULTS_FAIL: JSON.stringify({ below: cache, code, from }) }
})
