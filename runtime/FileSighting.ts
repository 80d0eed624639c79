/**
 * What a file held when it was read whole, and whether it has been left alone since: for files that are used where they
 * lie because a copy of them would cost more than the work. What is done about one that was touched is the caller's.
 */
import { statSync } from "node:fs"
import type { Digest } from "../cache/Digest.ts"
import { digestFile } from "../cache/fileDigest.ts"

export interface FileSighting {
  /** SHA-256 of the bytes. */
  readonly digest: Digest
  /** Unit: bytes. */
  readonly size: number
  /** Equal as long as nobody writes to the file; `undefined` where its clock could not tell. */
  readonly state: string | undefined
}

/**
 * A file changed so shortly before it was read may change again within the same tick of its file system's clock. Linux
 * ticks at 10 ms or less; a time in whole seconds comes from a file system that knows no more. Unit: milliseconds.
 */
const tickMs = (changedNs: bigint): number => changedNs % 1_000_000_000n === 0n ? 2000 : 50

/** The change time is the system's own and cannot be set back, as a modification time can. */
const stateOf = (file: string) => {
  const { ctimeNs, dev, ino, mtimeNs, size } = statSync(file, { bigint: true })
  const isSettled = Date.now() - Number(ctimeNs / 1_000_000n) > tickMs(ctimeNs)
  return { size: Number(size), isSettled, text: [dev, ino, size, mtimeNs, ctimeNs].join() }
}

/** Reads a file whole. */
export const sight = async (file: string): Promise<FileSighting> => {
  const { isSettled, size, text } = stateOf(file)
  return { digest: await digestFile(file), size, state: isSettled ? text : undefined }
}

/** Whether the file has held what was seen ever since; it is read again only where its state does not say so. */
export const isUntouched = async (file: string, seen: FileSighting): Promise<boolean> => {
  const { text } = stateOf(file)
  return seen.state === text || await digestFile(file) === seen.digest
}
