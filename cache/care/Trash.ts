/**
 * What gc has put aside: each gc moves what nothing needs into one batch of `trash/`, under the name it had in the
 * cache, and a later gc deletes the batch. Until then whoever turns out to need a part takes it back. What goes is
 * decided by `collect.ts`.
 *
 *     trash/<milliseconds since 1970>-<random>/blobs/ab/cd…
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { makeFolder } from "../publish.ts"

/** A batch by its folder's name, and when it was begun. */
export interface Batch {
  readonly name: string
  readonly atMs: number
}

const batchName = /^(\d{1,15})-[0-9a-f]{8}$/

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/** Renames unless `from` is gone or something lies at `to`. Returns whether it was moved. */
const move = (from: string, to: string): boolean => {
  if (fs.existsSync(to)) return false
  try {
    fs.mkdirSync(path.dirname(to), { recursive: true, mode: 0o700 })
    fs.renameSync(from, to)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === "ENOENT" || code === "ENOTEMPTY" || code === "EEXIST") return false
    throw error
  }
}

const filesOf = (folder: string): ReadonlyArray<string> =>
  fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .flatMap((entry) => entry.isFile() ? [path.relative(folder, path.join(entry.parentPath, entry.name))] : [])

/** Bytes below a file or folder; 0 where there is nothing. A file with several names counts once. */
const bytesBelow = (place: string): number => {
  const stat = fs.lstatSync(place, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  if (!stat.isDirectory()) return stat.size
  const seen = new Set<number>()
  let bytes = 0
  for (const file of filesOf(place)) {
    const { ino, size } = fs.lstatSync(path.join(place, file), { throwIfNoEntry: false }) ?? { ino: 0, size: 0 }
    if (!seen.has(ino)) bytes += size
    seen.add(ino)
  }
  return bytes
}

/** The trash of one cache. File work is synchronous and throws. */
export class Trash {
  readonly #base: string
  readonly #folder: string

  /** `base` is the folder of the layout. */
  constructor(base: string) {
    this.#base = base
    this.#folder = path.join(base, "trash")
  }

  /** Oldest first. */
  batches(): ReadonlyArray<Batch> {
    let names: ReadonlyArray<string>
    try {
      names = fs.readdirSync(this.#folder)
    } catch (error) {
      if (codeOf(error) === "ENOENT") return []
      throw error
    }
    return names
      .flatMap((name) => {
        const found = batchName.exec(name)
        return found === null ? [] : [{ name, atMs: Number(found[1]) }]
      })
      .sort((a, b) => a.atMs - b.atMs)
  }

  begin(nowMs: number): Batch {
    const batch = { name: `${Math.trunc(nowMs)}-${randomBytes(4).toString("hex")}`, atMs: Math.trunc(nowMs) }
    makeFolder(this.pathOf(batch, ""))
    return batch
  }

  /** Where a part of the cache lies in a batch. */
  pathOf(batch: Batch, relative: string): string {
    return path.join(this.#folder, batch.name, relative)
  }

  /** Moves a file or folder of the cache into a batch. Returns false when it is not there. */
  put(batch: Batch, relative: string): boolean {
    return move(path.join(this.#base, relative), this.pathOf(batch, relative))
  }

  bytesOf(batch: Batch): number {
    return bytesBelow(this.pathOf(batch, ""))
  }

  /** Deletes a batch. Returns the bytes that were in it. */
  remove(batch: Batch): number {
    const bytes = this.bytesOf(batch)
    fs.rmSync(this.pathOf(batch, ""), { recursive: true, force: true })
    return bytes
  }

  /** Names of what batches have directly below `relative`, each once. */
  names(relative: string): ReadonlyArray<string> {
    const found = this.batches().flatMap((batch) => {
      const folder = this.pathOf(batch, relative)
      return fs.existsSync(folder) ? fs.readdirSync(folder) : []
    })
    return [...new Set(found)]
  }

  /**
   * Takes a file or folder back to where it was, from the newest batch that has it. Where a folder has been made anew
   * meanwhile, files that it lacks are added. Returns whether anything came back.
   */
  rescue(relative: string): boolean {
    let rescued = false
    for (const batch of [...this.batches()].reverse()) {
      const from = this.pathOf(batch, relative)
      const to = path.join(this.#base, relative)
      if (!fs.existsSync(from)) continue
      if (move(from, to)) rescued = true
      else if (fs.lstatSync(from, { throwIfNoEntry: false })?.isDirectory() === true) {
        for (const file of filesOf(from)) rescued = move(path.join(from, file), path.join(to, file)) || rescued
      }
    }
    return rescued
  }
}

/**
 * {@link Trash.rescue} for those who have just missed something: never throws, since on a cache that is only read what
 * was put aside is as good as gone.
 */
export const rescueMissing = (base: string, relative: string): boolean => {
  try {
    return new Trash(base).rescue(relative)
  } catch {
    return false
  }
}
