/**
 * A growing set of distinct keys, numbered in the order they came: open addressing over typed arrays, so that ten
 * million keys cost 32 bytes and a slot each, where a Map of strings ends at 2^24 entries. What a number stands for is
 * the user's business.
 */

const grown = (next: Uint8Array, previous: Uint8Array): Uint8Array => {
  next.set(previous)
  return next
}

/** Smallest power of two that is not below `n`. */
const powerAbove = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(n, 1)))

/** Keys of one fixed length. They are digests, so their first bytes already are a good hash. */
export class KeyTable {
  readonly #keyBytes: number
  readonly #keyWords: number
  #capacity: number
  #size = 0
  #keys: Uint8Array
  #words: Uint32Array
  /** Entry number + 1, or 0 for a free slot; at most half full. */
  #slots: Uint32Array
  readonly #probe: Uint8Array
  readonly #probeWords: Uint32Array

  /** Unit of `keyBytes`: bytes, a multiple of four. */
  constructor(keyBytes: number, capacity = 64) {
    this.#keyBytes = keyBytes
    this.#keyWords = keyBytes / 4
    this.#capacity = powerAbove(capacity)
    this.#keys = new Uint8Array(this.#capacity * keyBytes)
    this.#words = new Uint32Array(this.#keys.buffer)
    this.#slots = new Uint32Array(this.#capacity * 2)
    this.#probe = new Uint8Array(keyBytes)
    this.#probeWords = new Uint32Array(this.#probe.buffer)
  }

  /** Keys held; entries are numbered from 0. */
  get size(): number {
    return this.#size
  }

  /** Entries that fit before the next growth. */
  get capacity(): number {
    return this.#capacity
  }

  /** All keys, one after the other by entry: a view that a later `add` may leave behind. */
  get keys(): Uint8Array {
    return this.#keys
  }

  /** The entry of the key that starts at `at` in `keys`, or -1. */
  find(keys: Uint8Array, at: number): number {
    return this.#slots[this.#slotOf(keys, at)]! - 1
  }

  /** The entry of the key that starts at `at` in `keys`, made if there is none. */
  add(keys: Uint8Array, at: number): number {
    let slot = this.#slotOf(keys, at)
    const entry = this.#slots[slot]! - 1
    if (entry >= 0) return entry
    if (this.#size === this.#capacity) {
      this.reserve(this.#capacity * 2)
      slot = this.#freeSlot(this.#probeWords[0]!)
    }
    const own = this.#size * this.#keyWords
    for (let i = 0; i < this.#keyWords; i++) this.#words[own + i] = this.#probeWords[i]!
    this.#slots[slot] = ++this.#size
    return this.#size - 1
  }

  /** Makes room for `capacity` keys in all. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return
    this.#capacity = powerAbove(capacity)
    this.#keys = grown(new Uint8Array(this.#capacity * this.#keyBytes), this.#keys)
    this.#words = new Uint32Array(this.#keys.buffer)
    this.#slots = new Uint32Array(this.#capacity * 2)
    for (let entry = 0; entry < this.#size; entry++) {
      this.#slots[this.#freeSlot(this.#words[entry * this.#keyWords]!)] = entry + 1
    }
  }

  #freeSlot(hash: number): number {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    return slot
  }

  /** The slot that holds the key, or the free slot where it belongs. The key is left in the probe. */
  #slotOf(keys: Uint8Array, at: number): number {
    const probe = this.#probe
    for (let i = 0; i < this.#keyBytes; i++) probe[i] = keys[at + i]!
    const probeWords = this.#probeWords
    const words = this.#words
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = probeWords[0]! & mask
    for (;;) {
      const entry = slots[slot]!
      if (entry === 0) return slot
      const own = (entry - 1) * this.#keyWords
      let same = 0
      while (same < this.#keyWords && words[own + same] === probeWords[same]) same++
      if (same === this.#keyWords) return slot
      slot = (slot + 1) & mask
    }
  }
}
