/**
 * Finds rows that share an id among millions, without holding the ids: a hash of 64 bits a row in one table of numbers.
 * Equal hashes are suspects; whether their ids are equal is for the caller to see, who can read the cells.
 */
import { type ColumnData, isValid } from "./ColumnData.ts"
import { rawBytes, widthOf } from "./numberValues.ts"

/** Two rows whose ids have one hash: almost surely the same id. */
export interface Suspect {
  readonly first: number
  readonly second: number
}

/** A table whose ids are all equal has as many suspects as rows; these are enough to say so. */
const suspectsKept = 64

const firstSlots = 1 << 12

/** Slots are this full at most. */
const load = 0.6

/** Hashes the cells of one chunk's id columns, row by row, into two numbers of 32 bits. */
class RowHash {
  low = 0
  high = 0

  start(): void {
    this.low = 0x9e3779b1 | 0
    this.high = 0x85ebca77 | 0
  }

  add(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x9e3779b1)
    this.high = Math.imul(this.high ^ value, 0x5f356495)
    this.high ^= this.high >>> 15
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    // The size first: ("ab", "c") is another id than ("a", "bc").
    this.add(end - start)
    let at = start
    for (; at + 4 <= end; at += 4) {
      this.add(source[at]! | source[at + 1]! << 8 | source[at + 2]! << 16 | source[at + 3]! << 24)
      this.low ^= this.low >>> 15
    }
    for (; at < end; at++) this.add(source[at]!)
  }

  end(): void {
    const low = this.low
    this.low = mixed(low ^ (this.high >>> 13))
    this.high = mixed(this.high ^ (low >>> 11))
  }
}

/** Every bit of the outcome depends on every bit of `word`. */
const mixed = (word: number): number => {
  word = Math.imul(word ^ word >>> 16, 0x85ebca6b)
  word = Math.imul(word ^ word >>> 13, 0xc2b2ae35)
  return word ^ word >>> 16
}

/** Adds one column's cell of a row to the hash. */
const cellHasher = (data: ColumnData, into: RowHash): (row: number) => void => {
  const { bytes, children, offsets, type, values } = data
  const valueHasher = (): (row: number) => void => {
    switch (type.kind) {
      case "string":
      case "binary":
        return (row) => into.bytes(bytes!, offsets![row]!, offsets![row + 1]!)
      case "bool":
        return (row) => into.add((values as Uint8Array)[row >> 3]! >> (row & 7) & 1)
      case "list": {
        const item = cellHasher(children[0]!, into)
        return (row) => {
          into.add(offsets![row + 1]! - offsets![row]!)
          for (let k = offsets![row]!; k < offsets![row + 1]!; k++) item(k)
        }
      }
      case "struct": {
        const fields = children.map((child) => cellHasher(child, into))
        return (row) => fields.forEach((field) => field(row))
      }
      default: {
        const width = widthOf(type)!
        const raw = rawBytes(values!)
        return (row) => into.bytes(raw, row * width, (row + 1) * width)
      }
    }
  }
  const value = valueHasher()
  return (row) => {
    const valid = isValid(data, row)
    into.add(valid ? 1 : 0)
    if (valid) value(row)
  }
}

/** Ids by hash. Rows are numbered by the order in which they are added, from 0. */
export class DistinctIds {
  /** Two words of hash a slot, and the row plus one: 0 is an empty slot. */
  #hashes = new Int32Array(firstSlots * 2)
  #rows = new Uint32Array(firstSlots)
  #size = 0
  readonly #suspects: Array<Suspect> = []
  readonly #hash = new RowHash()

  /** Rows so far. */
  get rows(): number {
    return this.#size
  }

  /** Pairs of rows with one hash, each `first < second`, in the order of `second`; no more than 64. */
  get suspects(): ReadonlyArray<Suspect> {
    return this.#suspects
  }

  /** The rows of one chunk. Shape: the id columns, always the same ones in the same order, `rows` values each. */
  add(columns: ReadonlyArray<ColumnData>, rows: number): void {
    const hash = this.#hash
    const hashers = columns.map((data) => cellHasher(data, hash))
    for (let row = 0; row < rows; row++) {
      hash.start()
      for (let k = 0; k < hashers.length; k++) hashers[k]!(row)
      hash.end()
      this.#insert(hash.low, hash.high)
    }
  }

  #insert(low: number, high: number): void {
    if (this.#size >= this.#rows.length * load) this.#grow()
    const row = this.#size++
    const mask = this.#rows.length - 1
    let slot = low & mask
    for (; this.#rows[slot] !== 0; slot = slot + 1 & mask) {
      if (this.#hashes[slot * 2] !== low || this.#hashes[slot * 2 + 1] !== high) continue
      if (this.#suspects.length === suspectsKept) return
      this.#suspects.push({ first: this.#rows[slot]! - 1, second: row })
    }
    this.#put(slot, low, high, row + 1)
  }

  #put(slot: number, low: number, high: number, row: number): void {
    this.#hashes[slot * 2] = low
    this.#hashes[slot * 2 + 1] = high
    this.#rows[slot] = row
  }

  #grow(): void {
    const hashes = this.#hashes
    const rows = this.#rows
    this.#hashes = new Int32Array(hashes.length * 2)
    this.#rows = new Uint32Array(rows.length * 2)
    const mask = this.#rows.length - 1
    for (let old = 0; old < rows.length; old++) {
      if (rows[old] === 0) continue
      let slot = hashes[old * 2]! & mask
      while (this.#rows[slot] !== 0) slot = slot + 1 & mask
      this.#put(slot, hashes[old * 2]!, hashes[old * 2 + 1]!, rows[old]!)
    }
  }
}
