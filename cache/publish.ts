/**
 * How a file becomes visible: written under `tmp/`, synced, linked or renamed into place, and the folder synced, so
 * that a crash at any instant leaves the whole file or none. It knows nothing of what the bytes mean.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import type { ReadMemory } from "./ReadMemory.ts"

/** Published files are shared by hard links: nobody may write through one. */
const readOnly = 0o400

/** A path under `tmp/` that no other process uses. */
export const temporaryPath = (tmp: string): string => path.join(tmp, `${process.pid}-${randomBytes(8).toString("hex")}`)

/** Makes names in `folder` durable. File systems that cannot sync a folder (Windows) order names themselves. */
export const syncFolder = (folder: string): void => {
  let fd: number
  try {
    fd = fs.openSync(folder, "r")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EISDIR" || process.platform === "win32") return
    throw error
  }
  try {
    fs.fsyncSync(fd)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EINVAL" && process.platform !== "win32") throw error
  } finally {
    fs.closeSync(fd)
  }
}

/** {@link syncFolder} without keeping the thread. */
export const syncFolderLater = async (folder: string): Promise<void> => {
  if (process.platform === "win32") return
  const handle = await fs.promises.open(folder, "r")
  try {
    await handle.sync()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error
  } finally {
    await handle.close()
  }
}

/** Makes a folder and its parents, durable and readable by their owner only. */
export const makeFolder = (folder: string): void => {
  const first = fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = path.dirname(made)) syncFolder(path.dirname(made))
}

/**
 * The most one call of the system writes. Measured on Linux 6.18 with ext4: 64 MiB in calls of 64 KiB to 2 MiB take
 * 0.02 s of a core, in calls of 8 MiB or more eight times as much. Unit: bytes.
 */
export const writeBytes = 1 << 20

/** What a file will hold: text as UTF-8, pieces one behind the other. */
export type Content = Uint8Array | string | ReadonlyArray<Uint8Array>

const piecesOf = (content: Content): ReadonlyArray<Uint8Array> =>
  typeof content === "string" ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content

/** Writes all of `content` behind what was written to `fd`. */
export const writeAll = (fd: number, content: Content): void => {
  for (const piece of piecesOf(content)) {
    for (let at = 0; at < piece.length;) {
      at += fs.writeSync(fd, piece, at, Math.min(writeBytes, piece.length - at))
    }
  }
}

/** Writes and syncs a temporary file; removes it when writing fails, so that a full disk keeps no debris. */
export const writeTemporary = (tmp: string, content: Content, mode: number = readOnly): string => {
  const temporary = temporaryPath(tmp)
  try {
    const fd = fs.openSync(temporary, "wx", mode)
    try {
      writeAll(fd, content)
      fs.fdatasyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
  return temporary
}

/** Moves a synced temporary file to `target`, replacing what is there. */
export const publishTemporary = (temporary: string, target: string): void => {
  const folder = path.dirname(target)
  makeFolder(folder)
  try {
    fs.renameSync(temporary, target)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(folder)
}

/** Puts `content` at `target`, replacing what is there in one step. */
export const replaceFile = (tmp: string, target: string, content: Content): void => {
  publishTemporary(writeTemporary(tmp, content), target)
}

/** Puts `content` at `target` unless it exists. Returns whether this call made it. */
export const createFile = (tmp: string, target: string, content: Content): boolean => {
  const folder = path.dirname(target)
  makeFolder(folder)
  const temporary = writeTemporary(tmp, content)
  try {
    fs.linkSync(temporary, target)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST") return false
    if (!cannotLink(code)) throw error
    // No hard links here: of two writers at the same instant the last stays, which their readers cannot tell apart.
    if (fs.existsSync(target)) return false
    fs.renameSync(temporary, target)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
  syncFolder(folder)
  return true
}

/** True for the codes by which a file system says that it has no hard links, or none across these two places. */
export const cannotLink = (code: string | undefined): boolean =>
  code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "EXDEV" || code === "EMLINK" ||
  code === "ENOSYS"

/** Reads a whole file, into `memory` where some is given; `undefined` when it does not exist. */
export const readIfExists = (file: string, memory?: ReadMemory): Buffer | undefined => {
  try {
    return memory === undefined ? fs.readFileSync(file) : readInto(file, memory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

const readInto = (file: string, memory: ReadMemory): Buffer => {
  const fd = fs.openSync(file, "r")
  try {
    const { buffer, byteLength, byteOffset } = memory.take(fs.fstatSync(fd).size)
    const bytes = Buffer.from(buffer, byteOffset, byteLength)
    let read = 0
    for (let count = -1; count !== 0 && read < byteLength; read += count) {
      count = fs.readSync(fd, bytes, read, byteLength - read, null)
    }
    return bytes.subarray(0, read)
  } finally {
    fs.closeSync(fd)
  }
}
