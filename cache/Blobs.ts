/**
 * Immutable blobs named by the SHA-256 of their bytes: small ones in the journal, larger ones a file each. Every blob is
 * checked against its name the first time a process reads it; a damaged one goes to `quarantine/` and is never returned.
 * What blobs mean is the business of manifests.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { rescueMissing } from "./care/Trash.ts"
import { type Digest, digestBytes, digestPieces } from "./Digest.ts"
import { digestFile } from "./fileDigest.ts"
import type { Journal } from "./Journal.ts"
import * as publish from "./publish.ts"
import type { ReadMemory } from "./ReadMemory.ts"
import { BlobDamaged, BlobMissing } from "./StoreFailed.ts"

/** Blobs of at most this many bytes are small: a file and its sync would cost more than their bytes. */
export const smallBlobBytes = 32 << 10

const notTheDigest = (found: Digest): string => `its bytes have the digest ${found.slice(0, 16)}…`

/** The blobs of one cache. File work is synchronous and throws; `Store.ts` wraps it. */
export class Blobs {
  readonly #base: string
  readonly #folder: string
  readonly #tmp: string
  readonly #quarantine: string
  readonly #journal: Journal
  readonly #verified = new Set<Digest>()
  /** Those whose file was checked, or published, by this process. */
  readonly #verifiedFiles = new Set<Digest>()

  constructor(base: string, journal: Journal) {
    this.#base = base
    this.#folder = path.join(base, "blobs")
    this.#tmp = path.join(base, "tmp")
    this.#quarantine = path.join(base, "quarantine")
    this.#journal = journal
  }

  /** Where the file of a blob is, if it has one. */
  pathOf(digest: Digest): string {
    return path.join(this.#folder, digest.slice(0, 2), digest.slice(2))
  }

  has(digest: Digest): boolean {
    if (this.#journal.has("blob", digest) || this.#hasFile(digest)) return true
    this.#journal.refresh()
    return this.#journal.has("blob", digest) || this.#rescue(digest)
  }

  #hasFile(digest: Digest): boolean {
    return fs.existsSync(this.pathOf(digest))
  }

  /** Takes a blob back that gc has put aside since this process learnt of it. */
  #rescue(digest: Digest): boolean {
    return rescueMissing(this.#base, path.relative(this.#base, this.pathOf(digest)))
  }

  /** A small blob is readable at once and durable with the journal's next commit; a larger one is durable on return. */
  put(bytes: Uint8Array | string): Digest {
    return this.putPieces([typeof bytes === "string" ? Buffer.from(bytes) : bytes])
  }

  /** {@link put} of bytes that lie in pieces, so that a large blob is never copied into one. */
  putPieces(pieces: ReadonlyArray<Uint8Array>): Digest {
    const digest = digestPieces(pieces)
    // A stored blob that this process has not read may be damaged, and writing it anew is the repair; so only verified
    // ones are skipped.
    const present = this.#verified.has(digest) && (this.#journal.has("blob", digest) || this.#hasFile(digest))
    if (present || this.#isIntact(digest)) return digest
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    if (length <= smallBlobBytes) {
      this.#journal.put("blob", digest, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
    } else this.#putFile(digest, pieces)
    this.#verified.add(digest)
    return digest
  }

  #putFile(digest: Digest, pieces: ReadonlyArray<Uint8Array>): void {
    const present = publish.readIfExists(this.pathOf(digest))
    if (present !== undefined && digestBytes(present) === digest) return
    publish.replaceFile(this.#tmp, this.pathOf(digest), pieces)
  }

  /** Whether the journal has the blob, with the right bytes. */
  #isIntact(digest: Digest): boolean {
    const stored = this.#journal.get("blob", digest)
    if (stored === undefined || digestBytes(stored) !== digest) return false
    this.#verified.add(digest)
    return true
  }

  /** Takes over a synced, read-only file under `tmp/` whose digest is known. */
  async adopt(temporary: string, digest: Digest): Promise<void> {
    if (this.#hasFile(digest) && await digestFile(this.pathOf(digest)) === digest) {
      fs.rmSync(temporary, { force: true })
    } else {
      publish.publishTemporary(temporary, this.pathOf(digest))
    }
    this.#verifiedFiles.add(digest)
  }

  /**
   * The bytes of a blob, the caller's own unless they were read into `memory`. **Fails**: throws {@link BlobMissing},
   * {@link BlobDamaged}.
   */
  read(digest: Digest, memory?: ReadMemory): Buffer {
    const bytes = this.#bytesOf(digest, memory)
    if (this.#verified.has(digest)) return bytes
    const found = digestBytes(bytes)
    if (found !== digest) throw this.damaged(digest, notTheDigest(found))
    this.#verified.add(digest)
    return bytes
  }

  /**
   * Reads a part of a blob that this process has read whole before; `undefined` where only all of it can be read, or
   * where it is shorter now. `use` gets a function that reads.
   */
  readParts<A>(digest: Digest, use: (read: (offset: number, into: Uint8Array) => void) => A): A | undefined {
    if (!this.#verified.has(digest) || this.#journal.has("blob", digest)) return undefined
    let fd: number
    try {
      fd = fs.openSync(this.pathOf(digest), "r")
    } catch {
      return undefined
    }
    let cut = false
    try {
      const made = use((offset, into) => {
        cut ||= fs.readSync(fd, into, 0, into.length, offset) < into.length
      })
      if (cut) this.#verified.delete(digest) // the next who reads it looks at all of it
      return cut ? undefined : made
    } finally {
      fs.closeSync(fd)
    }
  }

  #bytesOf(digest: Digest, memory: ReadMemory | undefined): Buffer {
    const found = this.#copyOf(digest) ?? publish.readIfExists(this.pathOf(digest), memory)
    if (found !== undefined) return found
    if (this.#journal.takeDamage("blob", digest)) {
      this.#verified.delete(digest)
      throw new BlobDamaged({ kind: "blob", digest, found: "its check does not match" })
    }
    // An action that was just picked up may name what a third process wrote.
    this.#journal.refresh()
    const late = this.#copyOf(digest) ?? (this.#rescue(digest) ? publish.readIfExists(this.pathOf(digest)) : undefined)
    if (late === undefined) throw new BlobMissing({ digest })
    return late
  }

  #copyOf(digest: Digest): Buffer | undefined {
    const stored = this.#journal.get("blob", digest)
    return stored === undefined ? undefined : Buffer.from(stored)
  }

  /** The file of a blob, checked, and made if it has none. **Fails**: rejects as {@link read} throws. */
  async fileOf(digest: Digest): Promise<string> {
    const file = this.pathOf(digest)
    if (!this.#hasFile(digest) && !this.#rescue(digest)) publish.replaceFile(this.#tmp, file, this.read(digest))
    if (this.#verifiedFiles.has(digest)) return file
    const found = await digestFile(file)
    if (found !== digest) {
      this.quarantine(file, digest)
      if (!this.#isIntact(digest)) throw new BlobDamaged({ kind: "blob", digest, found: notTheDigest(found) })
      publish.replaceFile(this.#tmp, file, this.read(digest))
    }
    this.#verifiedFiles.add(digest)
    return file
  }

  /** Moves a blob out of the way and returns the error to throw. */
  damaged(digest: Digest, found: string): BlobDamaged {
    this.#verified.delete(digest)
    this.#verifiedFiles.delete(digest)
    this.#journal.condemn("blob", digest)
    this.quarantine(this.pathOf(digest), digest)
    return new BlobDamaged({ kind: "blob", digest, found })
  }

  /**
   * Moves any file of the cache to `quarantine/`. Two processes may find the same damage: the second finds nothing to
   * move.
   */
  quarantine(file: string, name: string): void {
    try {
      fs.renameSync(file, path.join(this.#quarantine, `${name}-${randomBytes(4).toString("hex")}`))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    }
  }
}
