/**
 * A set of row keys in typed arrays: which rows of a table are the same row, and which a run has dealt with already. Keys
 * are digests, so their first bytes are a good hash.
 */
import { keyBytes } from "../Key.ts"

const words = keyBytes / 4

export class KeySet {
  #capacity = 1024
  #size = 0
  #keys = new Uint32Array(this.#capacity * words)
  /** Entry + 1, or 0 for a free slot; at most half full. */
  #slots = new Uint32Array(this.#capacity * 2)
  readonly #probe = new Uint32Array(words)
  readonly #probeBytes = new Uint8Array(this.#probe.buffer)

  get size(): number {
    return this.#size
  }

  /** Adds key number `row` of `keys`. Returns whether it was new. */
  add(keys: Uint8Array, row: number): boolean {
    const slot = this.#find(keys, row)
    if (this.#slots[slot] !== 0) return false
    this.#keys.set(this.#probe, this.#size * words)
    this.#slots[slot] = ++this.#size
    if (this.#size === this.#capacity) this.#grow()
    return true
  }

  has(keys: Uint8Array, row: number): boolean {
    return this.#slots[this.#find(keys, row)] !== 0
  }

  #find(keys: Uint8Array, row: number): number {
    const from = row * keyBytes
    for (let i = 0; i < keyBytes; i++) this.#probeBytes[i] = keys[from + i]!
    const mask = this.#slots.length - 1
    let slot = this.#probe[0]! & mask
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry === 0) return slot
      const at = (entry - 1) * words
      let same = 0
      while (same < words && this.#keys[at + same] === this.#probe[same]) same++
      if (same === words) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(): void {
    this.#capacity *= 2
    const keys = new Uint32Array(this.#capacity * words)
    keys.set(this.#keys)
    this.#keys = keys
    this.#slots = new Uint32Array(this.#capacity * 2)
    const mask = this.#slots.length - 1
    for (let entry = 0; entry < this.#size; entry++) {
      let slot = this.#keys[entry * words]! & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = entry + 1
    }
  }
}
