/**
 * Folders as results: a checkpoint or a report becomes blobs and a manifest of relative paths, and is shown again as a
 * read-only folder of hard links under `folders/<content>`. Large files are copied and hashed in pieces and never held
 * in memory.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { promisify } from "node:util"
import type { Blobs } from "./Blobs.ts"
import { digestFile } from "./fileDigest.ts"
import type { Digest } from "./Digest.ts"
import { folderContent, type FolderManifest } from "./Manifest.ts"
import * as publish from "./publish.ts"
import { StoreRefused } from "./StoreFailed.ts"

const refuse = (file: string, found: string): StoreRefused =>
  new StoreRefused({
    path: file,
    found,
    next: "a folder of the cache holds plain files and folders only; remove it or copy its content"
  })

/**
 * Relative POSIX paths of all files below `folder`, in code-unit order. Links to files count as files; links to folders
 * are refused.
 */
const listFiles = (folder: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const visit = (relative: string): void => {
    for (const entry of fs.readdirSync(path.join(folder, relative), { withFileTypes: true })) {
      const name = relative === "" ? entry.name : `${relative}/${entry.name}`
      if (entry.isDirectory()) visit(name)
      else if (fs.statSync(path.join(folder, name)).isFile()) found.push(name)
      else throw refuse(path.join(folder, name), "is neither a file nor a folder")
    }
  }
  visit("")
  return found.sort((a, b) => a < b ? -1 : 1)
}

/** A second name of `file` under `tmp/`, or a copy where that is impossible or unsafe. */
const takeFile = async (tmp: string, file: string, link: boolean): Promise<string> => {
  const temporary = publish.temporaryPath(tmp)
  if (link && !fs.lstatSync(file).isSymbolicLink()) {
    try {
      fs.linkSync(file, temporary)
      return temporary
    } catch (error) {
      if (!publish.cannotLink((error as NodeJS.ErrnoException).code)) throw error
    }
  }
  try {
    await fs.promises.copyFile(file, temporary, fs.constants.COPYFILE_FICLONE)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
  return temporary
}

const syncData = (fd: number): Promise<void> => promisify(fs.fdatasync)(fd)

export interface PutFolderOptions {
  /** The files are linked, not copied, and the folder is removed once all of them are published: a kill loses nothing. */
  readonly move?: boolean
  /** SHA-256 of files, by their path, taken of their bytes when they were written; the others are read. */
  readonly digests?: ReadonlyMap<string, Digest>
}

/** Stores the files of `folder` as blobs. */
export const putFolder = async (
  base: string,
  blobs: Blobs,
  folder: string,
  { digests, move = false }: PutFolderOptions
): Promise<FolderManifest> => {
  const tmp = path.join(base, "tmp")
  const files: Array<FolderManifest["files"][number]> = []
  for (const name of listFiles(folder)) {
    const temporary = await takeFile(tmp, path.join(folder, name), move)
    try {
      const fd = fs.openSync(temporary, "r")
      await syncData(fd).finally(() => fs.closeSync(fd))
      const blob = digests?.get(name) ?? await digestFile(temporary)
      const bytes = fs.statSync(temporary).size
      await blobs.adopt(temporary, blob)
      files.push({ path: name, blob, bytes })
    } catch (error) {
      fs.rmSync(temporary, { force: true })
      throw error
    }
  }
  // Only now: a trainer that resumes after a kill on the way here must still be able to write its files.
  for (const { blob } of files) fs.chmodSync(blobs.pathOf(blob), 0o400)
  if (move) fs.rmSync(folder, { recursive: true, force: true })
  return { kind: "folder", files, content: folderContent(files) }
}

/** Whether a path of a folder manifest stays inside its folder: a manifest may come from elsewhere. */
export const safePath = (name: string): boolean =>
  name !== "" && !path.posix.isAbsolute(name) && !name.includes("\\") &&
  name.split("/").every((part) => part !== "" && part !== "." && part !== "..")

const linkOrCopy = (blob: string, target: string): void => {
  fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 })
  try {
    fs.linkSync(blob, target)
  } catch (error) {
    if (!publish.cannotLink((error as NodeJS.ErrnoException).code)) throw error
    fs.copyFileSync(blob, target, fs.constants.COPYFILE_FICLONE)
  }
}

/** True when every file of the manifest lies in `folder` with the right bytes. */
const isIntact = async (folder: string, manifest: FolderManifest): Promise<boolean> => {
  for (const file of manifest.files) {
    const place = path.join(folder, file.path)
    if (!fs.existsSync(place) || await digestFile(place) !== file.blob) return false
  }
  return true
}

/**
 * The folder of a manifest, made whole in one rename if it does not exist yet. `checked` holds the contents this
 * process has verified.
 *
 * **Fails**: rejects with `BlobMissing`, `BlobDamaged`, or `StoreRefused` for a path that leaves the folder.
 */
export const materialise = async (
  base: string,
  blobs: Blobs,
  manifest: FolderManifest,
  checked: Set<string>
): Promise<string> => {
  const target = path.join(base, "folders", manifest.content)
  if (checked.has(manifest.content) && fs.existsSync(target)) return target
  if (fs.existsSync(target)) {
    if (await isIntact(target, manifest)) {
      checked.add(manifest.content)
      return target
    }
    blobs.quarantine(target, `folder-${manifest.content}`)
  }
  const temporary = publish.temporaryPath(path.join(base, "tmp"))
  fs.mkdirSync(temporary, { mode: 0o700 })
  try {
    for (const file of manifest.files) {
      if (!safePath(file.path)) throw refuse(file.path, "is not a relative path inside its folder")
      linkOrCopy(await blobs.fileOf(file.blob), path.join(temporary, file.path))
    }
    fs.renameSync(temporary, target)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Another process made the same folder meanwhile.
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true })
  }
  // No sync: a shown folder that a power cut takes is made again, and one it leaves in part is found out by its check.
  checked.add(manifest.content)
  return target
}
