/**
 * What a disk has after the power went: bytes and names that were synced, and nothing else. It follows the calls of one
 * process and, at the end, takes away what the process never made durable. A file that was moved is under its earlier
 * name then, if that was durable; what was removed stays removed.
 */
import { dirname, sep } from "node:path"
import { real } from "./fileCalls.mjs"

const statusOf = (path) => real.lstatSync(path, { throwIfNoEntry: false })

/** Calls that make a name, by which of their paths it is. */
const makesPath = ["open", "writeFile", "appendFile", "mkdir"]
const makesTo = ["link", "rename", "copyFile", "symlink"]

export class PowerCut {
  /** By inode: names of the file, and how many of its bytes are durable. */
  #files = new Map()
  /** Names that are not durable: what was there before, and where what is there now came from. */
  #names = new Map()
  #root

  /** @param {string} root a folder that is durable itself, or whose maker makes it so: only names below it are followed */
  constructor(root) {
    this.#root = root
  }

  /** @param {import("./fileCalls.mjs").Call} call */
  before({ name, path, to }) {
    if (makesPath.includes(name)) this.#expect(path, undefined)
    if (makesTo.includes(name)) this.#expect(to, name === "rename" && !this.#names.has(path) ? path : undefined)
    this.#fileAt(path)
  }

  /** @param {import("./fileCalls.mjs").Call} call */
  after({ name, path, to }) {
    const status = statusOf(path)
    if (name === "writeFile") this.#fileAt(path).durable = 0
    else if (name !== "fsync" && name !== "fdatasync") this.#fileAt(to ?? path)
    else if (status?.isDirectory()) {
      for (const made of this.#names.keys()) if (dirname(made) === path) this.#names.delete(made)
    } else if (status !== undefined) this.#fileAt(path).durable = status.size
    if (status === undefined) this.#names.delete(path)
  }

  /** Takes away what is not durable. */
  strike() {
    for (const [inode, { durable, names }] of this.#files) {
      for (const path of names) {
        const status = statusOf(path)
        if (status?.ino !== inode || status.size <= durable) continue
        real.chmodSync(path, 0o600)
        real.truncateSync(path, durable)
        real.chmodSync(path, status.mode)
      }
    }
    for (const [path, { bytes, from }] of this.#names) {
      if (from === undefined) real.rmSync(path, { recursive: true, force: true })
      else if (statusOf(path) !== undefined) real.renameSync(path, from)
      if (bytes !== undefined) real.writeFileSync(path, bytes, { mode: 0o400 })
    }
  }

  /** A name is about to be made, or to stand for something else. */
  #expect(path, from) {
    if (this.#names.has(path) || !path.startsWith(this.#root + sep)) return
    const status = statusOf(path)
    if (status === undefined) {
      if (statusOf(dirname(path)) === undefined) this.#expect(dirname(path), undefined)
      this.#names.set(path, { from })
    } else if (from !== undefined && status.isFile()) this.#names.set(path, { from, bytes: real.readFileSync(path) })
  }

  /** The file at a path; bytes of one that was there before this process are durable. */
  #fileAt(path) {
    const status = statusOf(path)
    if (status === undefined || !status.isFile()) return { durable: 0 }
    let file = this.#files.get(status.ino)
    if (file === undefined) {
      file = { names: new Set(), durable: this.#names.has(path) ? 0 : status.size }
      this.#files.set(status.ino, file)
    }
    file.names.add(path)
    return file
  }
}
