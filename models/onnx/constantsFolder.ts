/**
 * Lends a session its large constants as files that it maps. Given in memory, onnxruntime copies each of them, and the
 * C library keeps the freed copies of a worker's session for the next one: half a gigabyte for a 135M model that is
 * closed again. Mapped files leave nothing behind, and the peak while opening is lower, too.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The bytes of a graph's constant that lies outside the model. */
export interface ExternalConstant {
  /** Its file in the model: the constant's own name. */
  readonly path: string
  readonly data: Uint8Array
}

/** Constants below this size in total are not worth files. */
const inMemoryLimit = 1 << 26

/**
 * Runs `open` with a folder that holds `constants` as files, gone afterwards; with none where the constants are small
 * or the folder for temporary files is full: they are to be given in memory then.
 */
export const withConstantsFolder = async <A>(
  constants: ReadonlyArray<ExternalConstant>,
  open: (folder: string | undefined) => Promise<A>,
  limit: number = inMemoryLimit
): Promise<A> => {
  if (constants.reduce((sum, { data }) => sum + data.length, 0) <= limit) return open(undefined)
  let folder: string | undefined
  try {
    folder = await mkdtemp(join(tmpdir(), "sinternal-weights-"))
    for (const { data, path } of constants) await writeFile(join(folder, path), data)
  } catch {
    await remove(folder)
    folder = undefined
  }
  try {
    return await open(folder)
  } finally {
    await remove(folder)
  }
}

/** Where a mapped file cannot be deleted, it stays for the system to clear. */
const remove = async (folder: string | undefined): Promise<void> => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => {})
}
