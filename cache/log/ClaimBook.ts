/**
 * The claim books of a row log: which rows the holders of a folder are working on. One file a holder, appended by its
 * holder only and without a sync: what a book says matters while its holder lives. Whether a row has a result by now is
 * the business of the row log.
 *
 *     [first 16 bytes of the key][1 claimed, 2 given up u8][0 0 0]
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { type Holder, holderText, parseHolder, startHeartbeat, stopHeartbeat, type Watch } from "../Holder.ts"
import * as publish from "../publish.ts"
import { keyBytes } from "./Frame.ts"
import { KeyTable } from "./KeyTable.ts"

/** Bytes of a key that a book holds: more than enough to tell rows apart. */
const bookKeyBytes = 16
const entryBytes = bookKeyBytes + 4

const claimed = 1
const givenUp = 2

const bookEnd = ".claims"

/** Somebody else's book, as far as it was read. */
class OtherBook {
  readonly #fd: number
  readonly #keys = new KeyTable(bookKeyBytes)
  #states = new Uint8Array(this.#keys.capacity)
  #read = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  refresh(): void {
    // Whole entries only: the last one may be on its way.
    const length = Math.floor((fs.fstatSync(this.#fd).size - this.#read) / entryBytes) * entryBytes
    if (length <= 0) return
    const bytes = Buffer.allocUnsafe(length)
    const count = fs.readSync(this.#fd, bytes, 0, length, this.#read)
    for (let at = 0; at + entryBytes <= count; at += entryBytes) {
      const entry = this.#keys.add(bytes, at)
      if (this.#states.length < this.#keys.capacity) {
        const states = this.#states
        this.#states = new Uint8Array(this.#keys.capacity)
        this.#states.set(states)
      }
      this.#states[entry] = bytes[at + bookKeyBytes]!
    }
    this.#read += Math.floor(count / entryBytes) * entryBytes
  }

  claims(keys: Uint8Array, key: number): boolean {
    const entry = this.#keys.find(keys, key)
    return entry >= 0 && this.#states[entry] === claimed
  }

  close(): void {
    fs.closeSync(this.#fd)
  }
}

export class ClaimBook {
  readonly #folder: string
  readonly #holder: Holder
  readonly #watch: Watch
  readonly #others = new Map<string, OtherBook>()
  #fd: number | undefined

  constructor(folder: string, holder: Holder, watch: Watch) {
    this.#folder = folder
    this.#holder = holder
    this.#watch = watch
  }

  get #file(): string {
    return path.join(this.#folder, `${holderText(this.#holder)}${bookEnd}`)
  }

  /** Reads the books of those who live, and removes those of holders that are gone. To be called under the lock. */
  refresh(): void {
    const names = fs.readdirSync(this.#folder).filter((name) => name.endsWith(bookEnd))
    const living = new Set<string>()
    for (const name of names) {
      const holder = parseHolder(name.slice(0, -bookEnd.length))
      if (holder?.token === this.#holder.token) continue
      const file = path.join(this.#folder, name)
      if (holder === undefined || !this.#watch.lives(holder, file)) fs.rmSync(file, { force: true })
      else if (this.#readBook(name)) living.add(name)
    }
    for (const [name, book] of this.#others) {
      if (living.has(name)) continue
      book.close()
      this.#others.delete(name)
    }
  }

  /** Returns false when the book is gone: its holder ended meanwhile. */
  #readBook(name: string): boolean {
    let book = this.#others.get(name)
    if (book === undefined) {
      try {
        book = new OtherBook(fs.openSync(path.join(this.#folder, name), "r"))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return false
        throw error
      }
      this.#others.set(name, book)
    }
    book.refresh()
    return true
  }

  /** Whether another holder, as of the last refresh, works on the row whose key starts at `key`. */
  isTheirs(keys: Uint8Array, key: number): boolean {
    for (const book of this.#others.values()) if (book.claims(keys, key)) return true
    return false
  }

  /** Writes down that these rows are this holder's. */
  claim(keys: Uint8Array, rows: ReadonlyArray<number>): void {
    this.#append(keys, rows, claimed)
  }

  /** Writes down that these rows are nobody's; nothing where none was claimed. */
  giveUp(keys: Uint8Array, rows: ReadonlyArray<number>): void {
    if (this.#fd !== undefined) this.#append(keys, rows, givenUp)
  }

  /** Gives up everything. */
  close(): void {
    for (const book of this.#others.values()) book.close()
    this.#others.clear()
    if (this.#fd === undefined) return
    stopHeartbeat(this.#file)
    fs.closeSync(this.#fd)
    this.#fd = undefined
    fs.rmSync(this.#file, { force: true })
  }

  #append(keys: Uint8Array, rows: ReadonlyArray<number>, state: number): void {
    if (rows.length === 0) return
    const entries = new Uint8Array(rows.length * entryBytes)
    let at = 0
    for (const row of rows) {
      const key = row * keyBytes
      for (let i = 0; i < bookKeyBytes; i++) entries[at + i] = keys[key + i]!
      entries[at + bookKeyBytes] = state
      at += entryBytes
    }
    this.#fd ??= this.#open()
    const written = fs.writeSync(this.#fd, entries)
    // A torn entry would shift all that follow it.
    if (written < entries.length) fs.ftruncateSync(this.#fd, fs.fstatSync(this.#fd).size - written % entryBytes)
  }

  #open(): number {
    publish.makeFolder(this.#folder)
    startHeartbeat(this.#file)
    return fs.openSync(this.#file, "a", 0o600)
  }
}
