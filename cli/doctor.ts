/**
 * `pipeline doctor`: what this machine has for the embedded models and for the cache, and what to do about what it lacks.
 * What is found out is the models' part; this file asks and prints.
 */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { accessSync, constants, existsSync, statfsSync } from "node:fs"
import { dirname } from "node:path"
import { diagnose, type Diagnosis } from "../models/doctor.ts"
import { cacheRootOf, projectRootOf } from "../runtime/Place.ts"
import { bytesText } from "../runtime/care/amounts.ts"
import * as flags from "../runtime/cli/flags.ts"
import { print } from "../runtime/cli/output.ts"
import * as Option from "effect/Option"

interface CacheReport {
  readonly root: string
  readonly exists: boolean
  readonly writable: boolean
  /** Bytes free where it lies. */
  readonly free: number
}

const writable = (folder: string): boolean => {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const cacheReport = (root: string): CacheReport => {
  let place = root
  while (!existsSync(place)) place = dirname(place)
  const { bavail, bsize } = statfsSync(place)
  return { root, exists: place === root, writable: writable(place), free: bavail * bsize }
}

const deviceLine = ({ available, device, next, reason, used }: Diagnosis["devices"][number]): string =>
  available
    ? `${device.padEnd(7)} works${used ? "" : ", not used by the embedded engine"}`
    : `${device.padEnd(7)} is not there${reason === undefined ? "" : `: ${reason}`}${
      next === undefined ? "" : `\n        ${next}`
    }`

const text = ({ cores, devices, memory, version }: Diagnosis, cache: CacheReport): string =>
  [
    `node    ${version}`,
    `cores   ${cores}`,
    `memory  ${bytesText(memory.available)} free of ${bytesText(memory.total)}`,
    `cache   ${cache.root}${cache.exists ? "" : " (not made yet)"}, ${bytesText(cache.free)} free${
      cache.writable ? "" : ", cannot be written: give another --cache"
    }`,
    ...devices.map(deviceLine)
  ].join("\n")

export const doctor = Command.make(
  "doctor",
  { cache: flags.cache, json: flags.json },
  (given) =>
    Effect.gen(function*() {
      const found = yield* Effect.promise(diagnose)
      const root = cacheRootOf(
        projectRootOf(process.cwd()),
        Option.getOrUndefined(given.cache),
        process.env["PIPELINE_CACHE"]
      )
      const cache = cacheReport(root)
      print(given.json ? JSON.stringify({ ...found, cache }) : text(found, cache))
    })
)
