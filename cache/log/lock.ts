/**
 * A lock on a folder for a few microseconds of synchronous work. Somebody who lives and does not let go (a stopped
 * process) is not waited for without end: what the lock guards must stay correct without it and may then cost more.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Watch } from "../Holder.ts"
import type { HolderFile } from "../HolderFile.ts"

const name = "lock"

/** Waiting for the lock ends after this long. */
const patienceMs = 2000

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Tries to take the lock, with pauses that grow from 50 µs. */
const take = (place: string, self: HolderFile, watch: Watch, patience: number): boolean => {
  const startedMs = performance.now()
  for (let pauseMs = 0.05;; pauseMs = Math.min(pauseMs * 2, 5)) {
    if (self.take(place, watch)) return true
    if (performance.now() - startedMs >= patience) return false
    Atomics.wait(sleeper, 0, 0, pauseMs)
  }
}

/** Runs `work` with the lock of `folder`, or without it when nobody lets go; throws what the file system says. */
export const withLock = <A>(folder: string, self: HolderFile, watch: Watch, work: () => A): A => {
  const place = path.join(folder, name)
  const taken = take(place, self, watch, patienceMs)
  try {
    return work()
  } finally {
    if (taken) self.release(place)
  }
}

/** Runs `work` if the lock of `folder` is free. */
export const ifUnlocked = (folder: string, self: HolderFile, watch: Watch, work: () => void): void => {
  const place = path.join(folder, name)
  if (!fs.existsSync(folder) || !take(place, self, watch, 0)) return
  try {
    work()
  } finally {
    self.release(place)
  }
}
