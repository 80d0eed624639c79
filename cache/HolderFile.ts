/**
 * Names in the file system that one holder has at a time, taken and given up by one system call each: hard links to a
 * file that says who the holder is. A link needs no inode, which makes it some ten times as cheap as a symbolic link or a
 * file of its own, and its text is whole from the first instant. A name falls free with its holder.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { type Holder, holderText, parseHolder, startHeartbeat, stopHeartbeat, type Watch } from "./Holder.ts"
import { cannotLink } from "./publish.ts"

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/** The text at `place`; `undefined` when nothing is there. */
const textAt = (place: string): string | undefined => {
  try {
    return fs.readFileSync(place, "utf8")
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw error
  }
}

/**
 * Who has a name whose text is not there yet. Where there are no hard links a file is made before its text is in it; it
 * is given the time that a holder elsewhere is given.
 */
const unnamed = (place: string): Holder => ({ machine: "", pid: 0, started: "", token: `unnamed ${place}` })

const unlink = (file: string): void => {
  try {
    fs.unlinkSync(file)
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error
  }
}

export class HolderFile {
  readonly #holder: Holder
  readonly #text: string
  readonly #file: string
  #made = false

  /** `tmp` is a folder on the file system of the names that will be taken. */
  constructor(tmp: string, holder: Holder) {
    this.#holder = holder
    this.#text = holderText(holder)
    this.#file = path.join(tmp, `${this.#text}.holder`)
  }

  /** Takes `place` unless somebody who lives has it, this holder included. Returns whether it was taken. */
  take(place: string, watch: Watch): boolean {
    if (this.#link(place)) return true
    const found = textAt(place)
    if (found === undefined) return this.#link(place)
    const other = found === "" ? unnamed(place) : parseHolder(found)
    if (other !== undefined && watch.lives(other, place)) return false
    this.#clear(place, found)
    // Others may have seen the same and be faster: whoever makes the link has it.
    return this.#link(place)
  }

  /** Gives `place` up. A process that slept for long may have lost it to another: then it stays. */
  release(place: string): void {
    if (textAt(place) === this.#text) unlink(place)
  }

  /** Removes the file; what is still held stays until the holder's process ends. */
  close(): void {
    if (!this.#made) return
    stopHeartbeat(this.#file)
    unlink(this.#file)
  }

  get holder(): Holder {
    return this.#holder
  }

  /** Returns false when something is at `place`. */
  #link(place: string): boolean {
    try {
      if (!this.#made) this.#make()
      fs.linkSync(this.#file, place)
      return true
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false
      if (!cannotLink(codeOf(error))) throw error
    }
    try {
      fs.writeFileSync(place, this.#text, { flag: "wx", mode: 0o600 })
      return true
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false
      throw error
    }
  }

  #make(): void {
    fs.writeFileSync(this.#file, this.#text, { mode: 0o600 })
    startHeartbeat(this.#file)
    this.#made = true
  }

  /** Removes what a holder that is gone has at `place`, and no other: it is moved aside and looked at there. */
  #clear(place: string, text: string): void {
    const aside = path.join(path.dirname(this.#file), `${randomBytes(8).toString("hex")}.gone`)
    try {
      fs.renameSync(place, aside)
    } catch (error) {
      if (codeOf(error) === "ENOENT") return
      throw error
    }
    if (textAt(aside) !== text) {
      // Somebody took it in between: it goes back, unless the next one has it already.
      try {
        fs.linkSync(aside, place)
      } catch (error) {
        if (codeOf(error) !== "EEXIST" && !cannotLink(codeOf(error))) throw error
      }
    }
    unlink(aside)
  }
}
