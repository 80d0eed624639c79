/**
 * Action records, one a key, kept in the journal and never changed. A second result for a key is compared with the
 * first: equal content is the normal end of a race, other content means that a node is not deterministic, which is
 * noted and changes nothing.
 */
import type { Blobs } from "./Blobs.ts"
import { type Digest, requireDigest } from "./Digest.ts"
import type { Journal } from "./Journal.ts"
import { type Action, blobsOf, decodeAction, encodeAction } from "./Manifest.ts"
import { BlobDamaged } from "./StoreFailed.ts"

/** What `putAction` did. `kept` is the record that stands for the key now; use its manifest. */
export interface PutAction {
  readonly kept: Action
  /** True when an earlier record of this key has other content: the node is not deterministic. */
  readonly nondeterministic: boolean
}

export class Actions {
  readonly #journal: Journal
  readonly #blobs: Blobs

  constructor(journal: Journal, blobs: Blobs) {
    this.#journal = journal
    this.#blobs = blobs
  }

  /** The record of a key as this process knows it; `undefined` also for a damaged one. Never throws. */
  peek(key: Digest): Action | undefined {
    try {
      const bytes = this.#journal.get("action", key)
      return bytes === undefined ? undefined : decodeAction(bytes, key)
    } catch {
      // What is wrong is said where the record is asked for by `get`.
      return undefined
    }
  }

  /**
   * The record of a key; with `refresh`, also when another process wrote it since. **Fails**: throws `BlobDamaged` once
   * for a damaged record, which is then out of the way.
   */
  get(key: Digest, refresh: boolean): Action | undefined {
    requireDigest(key)
    const found = this.#read(key)
    if (found !== undefined || !refresh) return found
    this.#journal.refresh()
    return this.#read(key)
  }

  #read(key: Digest): Action | undefined {
    const bytes = this.#journal.get("action", key)
    if (bytes === undefined) {
      if (!this.#journal.takeDamage("action", key)) return undefined
      throw new BlobDamaged({ kind: "action", digest: key, found: "its check does not match" })
    }
    try {
      return decodeAction(bytes, key)
    } catch (error) {
      this.#journal.condemn("action", key)
      throw new BlobDamaged({ kind: "action", digest: key, found: (error as Error).message })
    }
  }

  /** Readable at once, durable with the journal's next commit. */
  put(action: Action): PutAction {
    requireDigest(action.key)
    const first = this.peek(action.key)
    const nondeterministic = first !== undefined && first.manifest.content !== action.manifest.content
    if (first !== undefined && blobsOf(first.manifest).every((blob) => this.#blobs.has(blob))) {
      return { kept: first, nondeterministic }
    }
    // None, or one that was damaged or whose blobs are gone: it can never be used again.
    this.#journal.put("action", action.key, encodeAction(action))
    return { kept: action, nondeterministic }
  }
}
