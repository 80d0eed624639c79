/**
 * Harm done to what a cache keeps, as a failing disk or a careless hand would: to results in files of their own, and to
 * those among the frames of the journal.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { baseOf } from "../../cache/layout.ts"
import { frameSize, headerBytes, isHeader, keyAt, Kind, kindOf } from "../../cache/log/Frame.ts"

/** The files below a folder of the cache. */
export const filesBelow = (cache: string, folder: "blobs" | "journal" | "memo"): ReadonlyArray<string> => {
  const root = join(baseOf(cache), folder)
  return readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => join(root, name)).filter((file) =>
    statSync(file).isFile()
  )
}

/** Flips one bit in the middle of some bytes. */
const flipped = (bytes: Buffer): Buffer => {
  const at = bytes.length >> 1
  bytes[at]! ^= 1
  return bytes
}

/** Flips one bit in the middle of each file. */
export const flipBits = (files: ReadonlyArray<string>): void => {
  for (const file of files) {
    const bytes = readFileSync(file)
    chmodSync(file, 0o600)
    writeFileSync(file, flipped(bytes))
  }
}

/** Writes the journal anew, with other bytes for the payloads of some frames, or without them. */
const changeFrames = (
  cache: string,
  change: (frame: { readonly kind: Kind; readonly name: string; readonly payload: Buffer }) => Buffer | undefined
): void => {
  for (const file of filesBelow(cache, "journal")) {
    const bytes = readFileSync(file)
    const kept: Array<Buffer> = []
    for (let at = 0, end = 0; at < bytes.length && isHeader(bytes, at); at = end) {
      end = at + frameSize(bytes, at)
      const header = bytes.subarray(at, at + headerBytes)
      const name = header.subarray(keyAt).toString("hex")
      const payload = change({
        kind: kindOf(bytes, at),
        name,
        payload: Buffer.from(bytes.subarray(at + headerBytes, end))
      })
      if (payload !== undefined) kept.push(header, payload)
    }
    writeFileSync(file, Buffer.concat(kept))
  }
}

/** How results or records are harmed. */
export type Harm = "one flipped bit" | "loss"

/** Harms the blobs of these digests, or all. */
export const harmBlobs = (cache: string, harm: Harm, digests?: ReadonlyArray<string>): void => {
  const hit = (digest: string) => digests === undefined || digests.includes(digest)
  changeFrames(
    cache,
    ({ kind, name, payload }) =>
      kind !== Kind.blob || !hit(name) ? payload : harm === "loss" ? undefined : flipped(payload)
  )
  const files = digests === undefined
    ? filesBelow(cache, "blobs")
    : digests.map((digest) => blobFile(cache, digest)).filter((file) => existsSync(file))
  if (harm === "loss") { for (const file of files) rmSync(file) }
  else flipBits(files)
}

/** Harms all action records. */
export const harmActions = (cache: string, harm: Harm): void =>
  changeFrames(
    cache,
    ({ kind, payload }) => kind !== Kind.action ? payload : harm === "loss" ? undefined : flipped(payload)
  )

/** The file of a blob that has one. */
const blobFile = (cache: string, digest: string): string =>
  join(baseOf(cache), "blobs", digest.slice(0, 2), digest.slice(2))
