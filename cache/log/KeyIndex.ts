/**
 * From key to the place of its frame in a folder of logs. Everything here is derived from the logs. An entry keeps its
 * number for as long as the index lives, also while its place changes or is lost.
 */
import { keyBytes, type Kind } from "./Frame.ts"
import { KeyTable } from "./KeyTable.ts"

/** A key without a place: known, but without a frame that stands for it. */
const nowhere = 0

export class KeyIndex {
  readonly #table: KeyTable
  #logs: Uint32Array
  #offsets: Float64Array
  #sizes: Uint32Array
  /** The kind of the frame that stands for the key; {@link nowhere} when none does. */
  #kinds: Uint8Array
  #placed = 0

  constructor(capacity = 64) {
    this.#table = new KeyTable(keyBytes, capacity)
    const places = this.#table.capacity
    this.#logs = new Uint32Array(places)
    this.#offsets = new Float64Array(places)
    this.#sizes = new Uint32Array(places)
    this.#kinds = new Uint8Array(places)
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
    this.#logs[entry] = log
    this.#offsets[entry] = offset
    this.#sizes[entry] = size
  }

  /** Takes an entry's place away: what it named can no longer be read. */
  forget(entry: number): void {
    if (this.#kinds[entry] !== nowhere) this.#placed--
    this.#kinds[entry] = nowhere
  }

  /** Takes away every place in `log` from `offset` on. */
  forgetFrom(log: number, offset: number): void {
    for (let entry = 0; entry < this.#table.size; entry++) {
      if (this.#logs[entry] === log && this.#offsets[entry]! >= offset) this.forget(entry)
    }
  }

  kind(entry: number): number {
    return this.#kinds[entry]!
  }

  log(entry: number): number {
    return this.#logs[entry]!
  }

  /** Unit: bytes. */
  offset(entry: number): number {
    return this.#offsets[entry]!
  }

  /** Bytes of the frame, its header included. */
  size(entry: number): number {
    return this.#sizes[entry]!
  }

  /** All keys, one after the other by entry: a view that a later `add` may leave behind. */
  get keys(): Uint8Array {
    return this.#table.keys
  }

  #grow(): void {
    const capacity = this.#table.capacity
    const logs = this.#logs
    const offsets = this.#offsets
    const sizes = this.#sizes
    const kinds = this.#kinds
    this.#logs = new Uint32Array(capacity)
    this.#offsets = new Float64Array(capacity)
    this.#sizes = new Uint32Array(capacity)
    this.#kinds = new Uint8Array(capacity)
    this.#logs.set(logs)
    this.#offsets.set(offsets)
    this.#sizes.set(sizes)
    this.#kinds.set(kinds)
  }
}
