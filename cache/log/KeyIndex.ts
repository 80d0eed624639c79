/**
 * From key to the place of its frame in a folder of logs. Everything here is derived from the logs. An entry keeps its
 * number for as long as the index lives, also while its place changes or is lost.
 */
import { keyBytes, type Kind } from "./Frame.ts"
import { KeyTable } from "./KeyTable.ts"

/** What a place is made of: the log, bytes of the frame, and its offset in two halves. They are asked for together. */
const placeWords = 4

/** Frames placed at once. */
const batch = 1024

/** A key without a place: known, but without a frame that stands for it. */
const nowhere = 0

/** Frames of one kind that lie one after the other in a log. */
export interface FrameRun {
  readonly kind: Kind
  readonly count: number
  /** Their keys start at `at`. */
  readonly keys: Uint8Array
  readonly at: number
  readonly log: number
  readonly offset: number
  /** Bytes of each. */
  readonly sizes: Uint32Array
}

export class KeyIndex {
  readonly #table: KeyTable
  /** {@link placeWords} an entry. */
  #places: Uint32Array
  /** The kind of the frame that stands for the key; {@link nowhere} when none does. */
  #kinds: Uint8Array
  #placed = 0

  constructor(capacity = 64) {
    this.#table = new KeyTable(keyBytes, capacity)
    this.#places = new Uint32Array(this.#table.capacity * placeWords)
    this.#kinds = new Uint8Array(this.#table.capacity)
  }

  /** Keys with a place. */
  get placed(): number {
    return this.#placed
  }

  /** The entry of the key that starts at `at` in `keys`; -1 when it has no place. */
  find(keys: Uint8Array, at: number): number {
    const entry = this.#table.find(keys, at)
    return entry >= 0 && this.#kinds[entry] !== nowhere ? entry : -1
  }

  /** The entry of a key, made without a place if there is none. */
  add(keys: Uint8Array, at: number): number {
    const entry = this.#table.add(keys, at)
    if (this.#kinds.length < this.#table.capacity) this.#grow()
    return entry
  }

  /** Makes room for `capacity` keys in all. */
  reserve(capacity: number): void {
    this.#table.reserve(capacity)
    if (this.#kinds.length < this.#table.capacity) this.#grow()
  }

  /** True when a frame stands for the entry's key. */
  isPlaced(entry: number): boolean {
    return this.#kinds[entry] !== nowhere
  }

  /** Gives an entry a place, instead of the one it may have. */
  place(entry: number, kind: Kind, log: number, offset: number, size: number): void {
    if (this.#kinds[entry] === nowhere) this.#placed++
    this.#kinds[entry] = kind
    const at = entry * placeWords
    this.#places[at] = log
    this.#places[at + 1] = size
    this.#places[at + 2] = offset // what is above 32 bits falls away
    this.#places[at + 3] = Math.floor(offset / 2 ** 32)
  }

  /** Adds the keys of these frames, and gives each that has no place that of its first frame. */
  placeAll({ at, count, keys, kind, log, offset: first, sizes }: FrameRun): void {
    let offset = first
    const entries = new Uint32Array(batch)
    for (let done = 0; done < count; done += batch) {
      const some = Math.min(batch, count - done)
      this.#table.addAll(keys, at + done * keyBytes, some, entries)
      if (this.#kinds.length < this.#table.capacity) this.#grow()
      for (let i = 0; i < some; i++) {
        const size = sizes[done + i]!
        if (this.#kinds[entries[i]!] === nowhere) this.place(entries[i]!, kind, log, offset, size)
        offset += size
      }
    }
  }

  /** Reads keys and places that will be asked for: far apart in memory, their delays pass together. -1 is no entry. */
  touch(entries: Int32Array, from: number, to: number): number {
    let seen = 0
    const { keys } = this.#table
    for (let k = from; k < to; k++) {
      const entry = Math.max(entries[k]!, 0)
      seen ^= this.#places[entry * placeWords]! ^ keys[entry * keyBytes]!
    }
    return seen
  }

  /** Takes an entry's place away: what it named can no longer be read. */
  forget(entry: number): void {
    if (this.#kinds[entry] !== nowhere) this.#placed--
    this.#kinds[entry] = nowhere
  }

  /** Takes away every place in `log` from `offset` on. */
  forgetFrom(log: number, offset: number): void {
    for (let entry = 0; entry < this.#table.size; entry++) {
      if (this.log(entry) === log && this.offset(entry) >= offset) this.forget(entry)
    }
  }

  kind(entry: number): number {
    return this.#kinds[entry]!
  }

  log(entry: number): number {
    return this.#places[entry * placeWords]!
  }

  /** Unit: bytes. */
  offset(entry: number): number {
    return this.#places[entry * placeWords + 3]! * 2 ** 32 + this.#places[entry * placeWords + 2]!
  }

  /** Bytes of the frame, its header included. */
  size(entry: number): number {
    return this.#places[entry * placeWords + 1]!
  }

  /** All keys, one after the other by entry: a view that a later `add` may leave behind. */
  get keys(): Uint8Array {
    return this.#table.keys
  }

  #grow(): void {
    const capacity = this.#table.capacity
    const places = this.#places
    const kinds = this.#kinds
    this.#places = new Uint32Array(capacity * placeWords)
    this.#kinds = new Uint8Array(capacity)
    this.#places.set(places)
    this.#kinds.set(kinds)
  }
}
