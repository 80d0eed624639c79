/**
 * A growing set of distinct keys, numbered in the order they came: open addressing over typed arrays, so that ten
 * million keys cost 32 bytes and a slot each, where a Map of strings ends at 2^24 entries. What a number stands for is
 * the user's business.
 */

/** Smallest power of two that is not below `n`. */
const powerAbove = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(n, 1)))

/** A slot: a word of the key, so that most keys that are not there are told without looking them up, and the entry. */
const slotWords = 2

/** A table of fewer keys lies in the caches of any processor. */
const largeSize = 1 << 14

/** Keys that are looked at ahead of time. */
const aheadKeys = 256

/** Whether a key is at the address of a word, where it can be read as words. */
const isAligned = (keys: Uint8Array, at: number): boolean => (keys.byteOffset + at & 3) === 0

/** Keys of one fixed length. They are digests, so any of their words already is a good hash. */
export class KeyTable {
  readonly #keyBytes: number
  readonly #keyWords: number
  #capacity: number
  #size = 0
  #keys: Uint8Array
  #words: Uint32Array
  /** {@link slotWords} each; entry number + 1, or 0 for a free slot. At most half full. */
  #slots: Uint32Array
  /** For keys at an odd address. */
  readonly #probe: Uint8Array
  readonly #probeWords: Uint32Array
  #lastKeys: Uint8Array | undefined
  #lastWords: Uint32Array
  /** Where the next key starts if keys are asked for in order, and those that were looked at ahead of time. */
  #awaited = -1
  #aheadFrom = 0
  #aheadTo = 0
  readonly #ahead = new Uint32Array(aheadKeys)
  /** The key that was looked for last: words from `first` on. */
  #given: Uint32Array
  #first = 0

  /** Unit of `keyBytes`: bytes, a multiple of four and at least eight. */
  constructor(keyBytes: number, capacity = 64) {
    this.#keyBytes = keyBytes
    this.#keyWords = keyBytes / 4
    this.#capacity = powerAbove(capacity)
    this.#keys = new Uint8Array(this.#capacity * keyBytes)
    this.#words = new Uint32Array(this.#keys.buffer)
    this.#slots = new Uint32Array(this.#capacity * 2 * slotWords)
    this.#probe = new Uint8Array(keyBytes)
    this.#probeWords = new Uint32Array(this.#probe.buffer)
    this.#lastWords = this.#probeWords
    this.#given = this.#probeWords
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
    if (at === this.#awaited && this.#size >= largeSize && isAligned(keys, at)) this.#lookAhead(keys, at)
    this.#awaited = at + this.#keyBytes
    return this.#slots[this.#slotOf(keys, at) + 1]! - 1
  }

  /**
   * Called with keys that are asked for in order: reads what the next of them lead to. In a large table these are places
   * in memory far apart, and the delays of many together cost little more than one.
   */
  #lookAhead(keys: Uint8Array, at: number): void {
    if (at >= this.#aheadFrom && at < this.#aheadTo && keys === this.#lastKeys) return
    const count = Math.min(aheadKeys, Math.floor((keys.length - at) / this.#keyBytes))
    this.#loadSlots(keys, at, count)
    this.#aheadFrom = at
    this.#aheadTo = at + count * this.#keyBytes
    let seen = 0
    for (let i = 0; i < count; i++) seen ^= this.#words[Math.max(this.#ahead[i]! - 1, 0) * this.#keyWords]!
    this.#ahead[0] = seen // what nobody uses would not be read
  }

  /** Reads the slots where some keys belong into `ahead`. Keys must be at addresses of words. */
  #loadSlots(keys: Uint8Array, at: number, count: number): void {
    this.#look(keys, at)
    const given = this.#given
    const slots = this.#slots
    const mask = slots.length - 1
    for (let i = 0, first = this.#first; i < count; i++, first += this.#keyWords) {
      this.#ahead[i] = slots[((given[first]! * slotWords) & mask) + 1]!
    }
  }

  /** The entry of the key that starts at `at` in `keys`, made if there is none. */
  add(keys: Uint8Array, at: number): number {
    let slot = this.#slotOf(keys, at)
    const entry = this.#slots[slot + 1]! - 1
    if (entry >= 0) return entry
    const given = this.#given
    const first = this.#first
    if (this.#size === this.#capacity) {
      this.reserve(this.#capacity * 2)
      slot = this.#freeSlot(given[first]!)
    }
    const own = this.#size * this.#keyWords
    for (let i = 0; i < this.#keyWords; i++) this.#words[own + i] = given[first + i]!
    this.#slots[slot] = given[first + 1]!
    this.#slots[slot + 1] = ++this.#size
    return this.#size - 1
  }

  /**
   * {@link add} for the `count` keys that lie one after the other from `at` on; their entries go into `entries`. In
   * parts of {@link aheadKeys}, so that the delays of many slots pass together.
   */
  addAll(keys: Uint8Array, at: number, count: number, entries: Uint32Array): void {
    this.reserve(this.#size + count)
    for (let i = 0; i < count; i++) {
      const next = at + i * this.#keyBytes
      if (i % aheadKeys === 0 && isAligned(keys, at)) this.#loadSlots(keys, next, Math.min(aheadKeys, count - i))
      entries[i] = this.add(keys, next)
    }
  }

  /** Makes room for `capacity` keys in all. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return
    this.#capacity = powerAbove(capacity)
    const keys = new Uint8Array(this.#capacity * this.#keyBytes)
    keys.set(this.#keys)
    this.#keys = keys
    this.#words = new Uint32Array(keys.buffer)
    this.#slots = new Uint32Array(this.#capacity * 2 * slotWords)
    for (let entry = 0; entry < this.#size; entry++) {
      const own = entry * this.#keyWords
      const slot = this.#freeSlot(this.#words[own]!)
      this.#slots[slot] = this.#words[own + 1]!
      this.#slots[slot + 1] = entry + 1
    }
  }

  #freeSlot(hash: number): number {
    const mask = this.#slots.length - 1
    let slot = (hash * slotWords) & mask
    while (this.#slots[slot + 1] !== 0) slot = (slot + slotWords) & mask
    return slot
  }

  /** Where the slot begins that holds the key, or the free one where it belongs. The key is left in `given`. */
  #slotOf(keys: Uint8Array, at: number): number {
    this.#look(keys, at)
    const given = this.#given
    const first = this.#first
    const tag = given[first + 1]!
    const keyWords = this.#keyWords
    const words = this.#words
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = (given[first]! * slotWords) & mask
    for (;;) {
      const entry = slots[slot + 1]!
      if (entry === 0) return slot
      if (slots[slot] === tag) {
        const own = (entry - 1) * keyWords
        let same = 0
        while (same < keyWords && words[own + same] === given[first + same]) same++
        if (same === keyWords) return slot
      }
      slot = (slot + slotWords) & mask
    }
  }

  /** Looks at a key as words: in place where its address allows it, since callers ask for many keys of one array. */
  #look(keys: Uint8Array, at: number): void {
    if (!isAligned(keys, at)) {
      for (let i = 0; i < this.#keyBytes; i++) this.#probe[i] = keys[at + i]!
      this.#given = this.#probeWords
      this.#first = 0
      return
    }
    if (keys !== this.#lastKeys) {
      this.#lastKeys = keys
      this.#lastWords = new Uint32Array(keys.buffer, 0, keys.buffer.byteLength >>> 2)
    }
    this.#given = this.#lastWords
    this.#first = keys.byteOffset + at >>> 2
  }
}
