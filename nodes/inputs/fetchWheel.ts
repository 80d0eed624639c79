/**
 * Brings a pinned wheel onto this machine once: `<source folder>/<sha256>/<file>.whl`, moved there whole after its digest
 * was checked. Its contents are read by `package.ts`.
 */
import { hash } from "node:crypto"
import { mkdir, readdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { makeFolder, publishTemporary, temporaryPath } from "../../cache/publish.ts"
import { downloadWheel, missingPip } from "./downloadWheel.ts"
import type { PackagePin } from "./PackagePin.ts"
import { label, PackageUnavailable } from "./PackagePin.ts"
import { sourceFolder } from "./SourceFolder.ts"

const sha256 = (bytes: Uint8Array): string => hash("sha256", bytes, "hex")

const listWheels = (folder: string): Promise<ReadonlyArray<string>> =>
  readdir(folder).then(
    (names) => names.filter((name) => name.endsWith(".whl")).map((name) => join(folder, name)),
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return []
      throw error
    }
  )

const onDisk = <A>(pin: PackagePin, folder: string, use: () => Promise<A>): Effect.Effect<A, PackageUnavailable> =>
  Effect.tryPromise({
    try: use,
    catch: (error) =>
      new PackageUnavailable({
        package: label(pin),
        reason: `${folder} cannot be used (${(error as Error).message})`,
        next: "check the place and its permissions"
      })
  })

/** The bytes of the wheel kept in `folder`, or null; a kept file with other bytes is damage and counts as none. */
const readKept = async (folder: string, expected: string): Promise<Uint8Array | null> => {
  for (const file of await listWheels(folder)) {
    const bytes = await readFile(file)
    if (sha256(bytes) === expected) return bytes
  }
  return null
}

/** Downloads into `temporary`, checks the digest, and moves the wheel to `folder`. */
const bring = Effect.fnUntraced(function*(pin: PackagePin, temporary: string, folder: string) {
  yield* onDisk(pin, temporary, () => mkdir(temporary, { recursive: true, mode: 0o700 }))
  yield* downloadWheel(pin, temporary)
  const [file] = yield* onDisk(pin, temporary, () => listWheels(temporary))
  if (file === undefined) {
    return yield* new PackageUnavailable({
      package: label(pin),
      reason: "pip downloaded no wheel",
      next: "check that the package index offers this version as a wheel"
    })
  }
  const bytes = yield* onDisk(pin, temporary, () => readFile(file))
  const found = sha256(bytes)
  if (found !== pin.sha256) {
    return yield* new PackageUnavailable({
      package: label(pin),
      reason: `its wheel has another SHA-256: expected ${pin.sha256}, found ${found}`,
      next: "the package index serves other bytes than the pinned ones: do not use them; check the index, or pin anew"
    })
  }
  yield* onDisk(pin, folder, async () => {
    makeFolder(folder)
    publishTemporary(file, join(folder, `${pin.name}-${pin.version}.whl`))
  })
  return bytes as Uint8Array
})

/**
 * The bytes of the pinned wheel, downloaded if they are not in the source folder yet. Two processes may download at once;
 * both end with the same file.
 *
 * **Fails**: `PackageUnavailable`.
 */
export const fetchWheel = Effect.fn("fetchWheel")(function*(pin: PackagePin) {
  const root = yield* sourceFolder
  const folder = join(root, pin.sha256)
  const kept = yield* onDisk(pin, folder, () => readKept(folder, pin.sha256))
  if (kept !== null) return kept
  const temporary = temporaryPath(join(root, "tmp"))
  return yield* Effect.ensuring(
    bring(pin, temporary, folder),
    Effect.promise(() => rm(temporary, { recursive: true, force: true }))
  )
})

/** What stands in the way of reading these packages now, one line each: nothing where they are kept here, or pip is there. */
export const missingWheels = Effect.fn("missingWheels")(function*(pins: ReadonlyArray<PackagePin>) {
  const root = yield* sourceFolder
  const absent = yield* Effect.filter(pins, (pin) => {
    const folder = join(root, pin.sha256)
    return Effect.map(onDisk(pin, folder, () => listWheels(folder)), (wheels) => wheels.length === 0)
  })
  const problem = absent.length === 0 ? null : yield* missingPip
  return problem === null ? [] : [`${absent.map(label).join(", ")} cannot be downloaded: ${problem}`]
}, Effect.catch((error) => Effect.succeed([error.message])))
