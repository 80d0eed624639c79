/**
 * Small blobs of the journal that nothing needs: which logs hold them, and those logs without them. Actions stay: they
 * keep the digests of what was collected, so that what lies downstream stays fresh.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Digest } from "../Digest.ts"
import { Kind } from "../log/Frame.ts"
import { logsIn } from "./JournalContents.ts"
import { hexAt, type LogFrame, readLog } from "./readLog.ts"
import { rewriteLog } from "./rewriteLog.ts"
import { unlessGone } from "./unlessGone.ts"

/** What a log of the journal holds for nobody. Unit of `bytes`: those of the blobs. */
export interface DeadSmallBlobs {
  readonly log: string
  readonly count: number
  readonly bytes: number
}

const isDead = ({ key, keys, kind }: LogFrame, needed: ReadonlySet<Digest>): boolean =>
  kind === Kind.blob && !needed.has(hexAt(keys, key))

/** The logs that hold some, of those that nobody writes any more. `base` is the folder of the layout. */
export const deadSmallBlobs = (
  base: string,
  isFinished: (log: string) => boolean,
  needed: ReadonlySet<Digest>
): ReadonlyArray<DeadSmallBlobs> => {
  const folder = path.join(base, "journal")
  return logsIn(folder).filter(isFinished).flatMap((log) => {
    let [count, bytes] = [0, 0]
    const add = (frame: LogFrame) => {
      if (!isDead(frame, needed)) return
      count++
      bytes += frame.payload.length
    }
    unlessGone(() => readLog(path.join(folder, log), { frame: add }))
    return count === 0 ? [] : [{ log, count, bytes }]
  })
}

/**
 * Publishes a log without them, and leaves the old one to the caller to put aside. To be called under the lock of
 * `folder`, the journal's. Returns true.
 */
export const withoutDead = (folder: string, log: string, needed: ReadonlySet<Digest>): true => {
  rewriteLog(folder, log, (frame) => !isDead(frame, needed))
  fs.rmSync(path.join(folder, `${log}.idx`), { force: true })
  return true
}
