/**
 * Small blobs and action records of a cache in one folder of logs, so that one sync makes many durable and a blob stands
 * before the action that names it. It keeps bytes by digest and by key; what they say is the business of `Blobs.ts` and
 * `Actions.ts`.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Digest } from "./Digest.ts"
import { headerBytes, keyBytes, Kind } from "./log/Frame.ts"
import { KeyIndex } from "./log/KeyIndex.ts"
import type { MemoryBudget } from "./log/LogBytes.ts"
import { LogFolder } from "./log/LogFolder.ts"

/** The two spaces of names. */
export type Space = "blob" | "action"

/** Groups of frames become durable at most this often; whoever writes does not wait for each. */
const groupMs = 10

interface Place {
  readonly log: number
  readonly offset: number
  readonly size: number
}

export class Journal {
  readonly #logs: LogFolder
  readonly #quarantine: string
  readonly #indexes = { blob: new KeyIndex(), action: new KeyIndex() }
  /** Frames with a whole header and a damaged payload, whose name nothing else has; by space and name. */
  readonly #damaged = new Map<string, Place>()
  /** Names under which something damaged was found: what is put there next stands instead of it, for all readers. */
  readonly #mending = new Set<string>()
  readonly #probe = Buffer.alloc(keyBytes)
  #read = false

  /** `base` is the folder of the layout. File work is synchronous and throws. */
  constructor(base: string, budget: MemoryBudget) {
    this.#quarantine = path.join(base, "quarantine")
    const folder = path.join(base, "journal")
    const tmp = path.join(base, "tmp")
    this.#logs = new LogFolder({ folder, quarantine: this.#quarantine, tmp, budget, groupMs }, {
      frame: (kind, keys, key, log, offset, size) => this.#take(kind, keys, key, log, offset, size),
      damaged: (kind, keys, key, log, offset, size) => {
        const space = kind === Kind.blob ? "blob" : "action"
        if (this.#indexes[space].find(keys, key) >= 0) return
        const name = Buffer.from(keys.subarray(key, key + keyBytes)).toString("hex")
        this.#damaged.set(`${space} ${name}`, { log, offset, size })
      },
      expect: (frames) => {
        for (const index of Object.values(this.#indexes)) index.reserve(index.placed + (frames >> 1))
      },
      lost: (log, offset) => {
        for (const index of Object.values(this.#indexes)) index.forgetFrom(log, offset)
      }
    })
  }

  /** Settles when everything put so far is durable; rejects when some of it cannot be. */
  get committed(): Promise<void> {
    return this.#logs.committed
  }

  /** Whether something put is not durable yet. */
  get pending(): boolean {
    return this.#logs.pending
  }

  /** Picks up what others wrote since. */
  refresh(): void {
    this.#read = true
    this.#logs.refresh()
  }

  has(space: Space, name: Digest): boolean {
    return this.#find(space, name) >= 0
  }

  /** The bytes under a name: a view until the next call. `undefined` when there are none, or none that are whole. */
  get(space: Space, name: Digest): Uint8Array | undefined {
    const entry = this.#find(space, name)
    if (entry < 0) return undefined
    const index = this.#indexes[space]
    const place = { log: index.log(entry), offset: index.offset(entry), size: index.size(entry) }
    const found = this.#logs.payload(place.log, place.offset, place.size, index.keys, entry * keyBytes)
    if (found === undefined) {
      index.forget(entry)
      this.#damaged.set(`${space} ${name}`, place)
    }
    return found
  }

  /** Keeps bytes, readable at once, also where there are some already. They are copied. */
  put(space: Space, name: Digest, bytes: Uint8Array): void {
    if (!this.#read) this.refresh()
    const instead = this.has(space, name) || this.#mending.has(`${space} ${name}`)
    const kind = space === "blob" ? Kind.blob : instead ? Kind.actionReplacement : Kind.action
    const key = this.#key(name)!
    const offset = this.#logs.append(kind, key, 0, bytes)
    const index = this.#indexes[space]
    index.place(index.add(key, 0), kind, this.#logs.ownLog, offset, headerBytes + bytes.length)
    this.#damaged.delete(`${space} ${name}`)
  }

  /** Sets aside what is under a name: its bytes are whole and do not mean what they should. */
  condemn(space: Space, name: Digest): void {
    const entry = this.#find(space, name)
    if (entry < 0) return
    const index = this.#indexes[space]
    const place = { log: index.log(entry), offset: index.offset(entry), size: index.size(entry) }
    index.forget(entry)
    this.#damaged.set(`${space} ${name}`, place)
    this.takeDamage(space, name)
  }

  /** Whether what was under a name is damaged. Its bytes are copied to `quarantine/`, and it is forgotten. */
  takeDamage(space: Space, name: Digest): boolean {
    const place = this.#damaged.get(`${space} ${name}`)
    if (place === undefined) return false
    this.#damaged.delete(`${space} ${name}`)
    this.#mending.add(`${space} ${name}`)
    try {
      const file = path.join(this.#quarantine, `${space}-${name}-${place.offset}`)
      fs.writeFileSync(file, this.#logs.raw(place.log, place.offset, place.size), { flag: "wx", mode: 0o400 })
    } catch {
      // The copy is there already, or the cache is only read: the bytes stay where they are anyway.
    }
    return true
  }

  /** Waits until everything put is durable. **Fails**: rejects with what the file system said. */
  flush(): Promise<void> {
    return this.#logs.flush()
  }

  close(): Promise<void> {
    return this.#logs.close()
  }

  #key(name: Digest): Uint8Array | undefined {
    return this.#probe.write(name, "hex") === keyBytes ? this.#probe : undefined
  }

  #find(space: Space, name: Digest): number {
    if (!this.#read) this.refresh()
    const key = this.#key(name)
    return key === undefined ? -1 : this.#indexes[space].find(key, 0)
  }

  /** A frame that somebody wrote. */
  #take(kind: Kind, keys: Uint8Array, key: number, log: number, offset: number, size: number): void {
    const space = kind === Kind.blob ? "blob" : "action"
    const index = this.#indexes[space]
    const entry = index.add(keys, key)
    const first = !index.isPlaced(entry)
    // Replacements come in the order of their logs, for whoever reads them and whenever. Blobs of one name are equal,
    // unless a damaged one was written anew: so the last one stands.
    const later = kind !== Kind.action &&
      (index.kind(entry) === Kind.action || !this.#logs.isLater(index.log(entry), log))
    if (!first && !later) return
    index.place(entry, kind, log, offset, size)
    if (this.#damaged.size === 0) return
    this.#damaged.delete(`${space} ${Buffer.from(keys.subarray(key, key + keyBytes)).toString("hex")}`)
  }
}
