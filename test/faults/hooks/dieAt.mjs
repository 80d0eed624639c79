/**
 * Kills the process at a chosen call that changes the cache: loaded before it with `--import`, told what to do by
 * FAULTS_DIE, a JSON object.
 *
 *     below      the folder whose calls count
 *     at         the number of the call, from 1; none is reached where it is larger than the run has
 *     how        "before" the call, "after" it, or after "half" of its bytes are written
 *     powerCut   whether what was not synced by then is lost
 *     tell       a file to which the calls' names are written, one a line
 */
import { isMainThread } from "node:worker_threads"
import { real, watchFileCalls } from "./fileCalls.mjs"
import { PowerCut } from "./PowerCut.mjs"

/** @type {{ below: string, at: number, how: "before" | "after" | "half", powerCut: boolean, tell?: string }} */
const { at, below, how, powerCut, tell } = JSON.parse(process.env.FAULTS_DIE ?? "null") ?? {}

const disk = powerCut === true ? new PowerCut(below) : undefined
let calls = 0
let dying = false

const die = () => {
  dying = true
  disk?.strike()
  process.kill(process.pid, "SIGKILL")
  for (;;); // nothing runs between the signal and the end
}

if (isMainThread && below !== undefined) {
  await watchFileCalls(below, {
    before: (call) => {
      if (dying) return
      calls++
      if (tell !== undefined) real.appendFileSync(tell, `${call.name} ${call.path.slice(below.length)}\n`)
      disk?.before(call)
      if (calls !== at || how === "after") return
      if (how === "half") call.half?.()
      die()
    },
    after: (call) => {
      if (dying) return
      disk?.after(call)
      // a call of the thread pool may end when others have begun
      if (how === "after" && calls >= at) die()
    }
  })
}
