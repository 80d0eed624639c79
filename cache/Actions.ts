/**
 * Action records, one small file a key, made once and never changed. A second result for a key is compared with the
 * first: equal content is the normal end of a race, other content means that a node is not deterministic, which is
 * noted and changes nothing.
 */
import * as path from "node:path"
import type { Blobs } from "./Blobs.ts"
import { type Digest, requireDigest } from "./Digest.ts"
import { type Action, blobsOf, decodeAction, encodeRecord } from "./Manifest.ts"
import * as publish from "./publish.ts"
import { BlobDamaged } from "./StoreFailed.ts"

/** What `putAction` did. `kept` is the record that stands for the key now; use its manifest. */
export interface PutAction {
  readonly kept: Action
  /** True when an earlier record of this key has other content: the node is not deterministic. */
  readonly nondeterministic: boolean
}

export class Actions {
  readonly #folder: string
  readonly #tmp: string
  readonly #blobs: Blobs

  constructor(base: string, blobs: Blobs) {
    this.#folder = path.join(base, "actions")
    this.#tmp = path.join(base, "tmp")
    this.#blobs = blobs
  }

  #pathOf(key: Digest): string {
    return path.join(this.#folder, requireDigest(key).slice(0, 2), key)
  }

  /** **Fails**: throws `BlobDamaged` once for a damaged record, which is then out of the way. */
  get(key: Digest): Action | undefined {
    const file = this.#pathOf(key)
    const bytes = publish.readIfExists(file)
    if (bytes === undefined) return undefined
    try {
      const action = decodeAction(bytes.toString("utf8"))
      if (action.key !== key) throw new Error(`it is the record of ${action.key}`)
      return action
    } catch (error) {
      this.#blobs.quarantine(file, `action-${key}`)
      throw new BlobDamaged({ kind: "action", digest: key, found: (error as Error).message })
    }
  }

  #earlier(key: Digest): Action | undefined {
    try {
      return this.get(key)
    } catch (error) {
      if (error instanceof BlobDamaged) return undefined
      throw error
    }
  }

  put(action: Action): PutAction {
    const file = this.#pathOf(action.key)
    const record = encodeRecord(action)
    if (publish.createFile(this.#tmp, file, record)) return { kept: action, nondeterministic: false }
    const first = this.#earlier(action.key)
    const nondeterministic = first !== undefined && first.manifest.content !== action.manifest.content
    if (first !== undefined && blobsOf(first.manifest).every((blob) => this.#blobs.has(blob))) {
      return { kept: first, nondeterministic }
    }
    // The first record was damaged, or its blobs are gone: it can never be used again, so this one takes its place.
    publish.replaceFile(this.#tmp, file, record)
    return { kept: action, nondeterministic }
  }
}
