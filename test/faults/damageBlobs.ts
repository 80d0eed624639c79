/**
 * Harm done to the files of a cache, as a failing disk or a careless hand would.
 */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** The files below a folder of the cache. */
export const filesBelow = (cache: string, folder: "blobs" | "actions" | "memo"): ReadonlyArray<string> => {
  const root = join(cache, "v1", folder)
  return readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => join(root, name)).filter((file) =>
    statSync(file).isFile()
  )
}

/** Flips one bit in the middle of each file. */
export const flipBits = (files: ReadonlyArray<string>): void => {
  for (const file of files) {
    const bytes = readFileSync(file)
    const at = bytes.length >> 1
    bytes[at]! ^= 1
    chmodSync(file, 0o600)
    writeFileSync(file, bytes)
  }
}

export const remove = (files: ReadonlyArray<string>): void => {
  for (const file of files) rmSync(file)
}

/** The file of a blob. */
export const blobFile = (cache: string, digest: string): string =>
  join(cache, "v1", "blobs", digest.slice(0, 2), digest.slice(2))
