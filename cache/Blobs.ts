/**
 * Immutable blobs named by the SHA-256 of their bytes. Every blob is checked against its name the first time a process
 * reads it; a damaged one is moved to `quarantine/`, never returned. What blobs mean is the business of manifests.
 */
import { createHash, randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { type Digest, digestBytes } from "./Digest.ts"
import * as publish from "./publish.ts"
import { BlobDamaged, BlobMissing } from "./StoreFailed.ts"

/** Large files are hashed in pieces of this size, with a turn of the event loop between them. */
const pieceBytes = 1 << 20

/** SHA-256 of a file's bytes, without holding them. */
export const digestFile = async (file: string): Promise<Digest> => {
  const handle = await fs.promises.open(file, "r")
  try {
    const hash = createHash("sha256")
    const piece = Buffer.allocUnsafe(pieceBytes)
    for (;;) {
      const { bytesRead } = await handle.read(piece, 0, pieceBytes, null)
      if (bytesRead === 0) return hash.digest("hex")
      hash.update(piece.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
}

/** The blobs below one `v1/` folder. File work is synchronous and throws; `Store.ts` wraps it. */
export class Blobs {
  readonly #folder: string
  readonly #tmp: string
  readonly #quarantine: string
  readonly #verified = new Set<Digest>()

  constructor(base: string) {
    this.#folder = path.join(base, "blobs")
    this.#tmp = path.join(base, "tmp")
    this.#quarantine = path.join(base, "quarantine")
  }

  pathOf(digest: Digest): string {
    return path.join(this.#folder, digest.slice(0, 2), digest.slice(2))
  }

  has(digest: Digest): boolean {
    return fs.existsSync(this.pathOf(digest))
  }

  put(bytes: Uint8Array | string): Digest {
    const digest = digestBytes(bytes)
    // A blob on disk that this process has not read may be damaged, and writing it anew is the repair; so only verified
    // ones are skipped.
    if (this.#verified.has(digest) && this.has(digest)) return digest
    const present = publish.readIfExists(this.pathOf(digest))
    if (present === undefined || digestBytes(present) !== digest) {
      publish.replaceFile(this.#tmp, this.pathOf(digest), bytes)
    }
    this.#verified.add(digest)
    return digest
  }

  /** Takes over a synced, read-only file under `tmp/` whose digest is known. */
  async adopt(temporary: string, digest: Digest): Promise<void> {
    if (this.has(digest) && (this.#verified.has(digest) || await digestFile(this.pathOf(digest)) === digest)) {
      fs.rmSync(temporary, { force: true })
    } else {
      publish.publishTemporary(temporary, this.pathOf(digest))
    }
    this.#verified.add(digest)
  }

  /** **Fails**: throws {@link BlobMissing}, {@link BlobDamaged}. */
  read(digest: Digest): Buffer {
    const bytes = publish.readIfExists(this.pathOf(digest))
    if (bytes === undefined) throw new BlobMissing({ digest })
    if (!this.#verified.has(digest)) {
      const found = digestBytes(bytes)
      if (found !== digest) throw this.damaged(digest, `its bytes have the digest ${found.slice(0, 16)}…`)
      this.#verified.add(digest)
    }
    return bytes
  }

  /** Checks a blob without holding its bytes. **Fails**: as {@link read}. */
  async verify(digest: Digest): Promise<void> {
    if (!this.has(digest)) throw new BlobMissing({ digest })
    const found = await digestFile(this.pathOf(digest))
    if (found !== digest) throw this.damaged(digest, `its bytes have the digest ${found.slice(0, 16)}…`)
    this.#verified.add(digest)
  }

  /** Moves a blob out of the way and returns the error to throw. */
  damaged(digest: Digest, found: string): BlobDamaged {
    this.#verified.delete(digest)
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
