/**
 * Lets calls that change the cache fail as a file system says: loaded before the process with `--import`, told what to
 * do by FAULTS_FAIL, a JSON object.
 *
 *     below      the folder whose calls count
 *     code       what the calls fail with, for example "ENOSPC"
 *     from       the number of the first call that fails, from 1; all that follow fail too, as far as the code has it
 *     calls      names of the calls that may fail; all without it
 */
import { existsSync } from "node:fs"
import { isMainThread } from "node:worker_threads"
import { watchFileCalls } from "./fileCalls.mjs"

/** Calls that need no room on the disk, so that a full one lets them through. */
const needNoRoom = ["unlink", "rm", "rmdir", "chmod", "fchmod", "ftruncate", "truncate", "lutimes", "utimes"]

/** @type {{ below: string, code: string, from: number, calls?: ReadonlyArray<string> }} */
const { below, calls, code, from } = JSON.parse(process.env.FAULTS_FAIL ?? "null") ?? {}

const isFull = code === "ENOSPC" || code === "EDQUOT"
let seen = 0

if (isMainThread && below !== undefined) {
  await watchFileCalls(below, {
    before: ({ name, path, to }) => {
      if (calls !== undefined ? !calls.includes(name) : isFull && needNoRoom.includes(name)) return
      if (name === "mkdir" && existsSync(path)) return // a folder that is there is no matter of room or permission
      if (++seen < from) return
      const dest = to === undefined ? "" : ` -> '${to}'`
      throw Object.assign(new Error(`${code}: injected, ${name} '${path}'${dest}`), { code, syscall: name, path })
    },
    after: () => undefined
  })
}
