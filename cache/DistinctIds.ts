/**
 * Finds rows that share an id among millions, without holding the ids: a hash of 64 bits a row, and in the end one look
 * at all of them. Equal hashes are suspects; whether their ids are equal is for the caller to see, who can read the
 * cells.
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

/** Rows that are compared together: their hashes lie in the processor's nearest cache. */
const partRows = 1 << 10

const firstCapacity = 1 << 12

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
    const high = Math.imul(this.high ^ value, 0x5f356495)
    this.high = high ^ high >>> 15
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    // The size first: ("ab", "c") is another id than ("a", "bc").
    this.add(end - start)
    let { high, low } = this
    for (let at = start; at < end; at += 4) {
      // what lies behind the end counts as 0
      const word = source[at]! | (at + 1 < end ? source[at + 1]! << 8 : 0) |
        (at + 2 < end ? source[at + 2]! << 16 : 0) | (at + 3 < end ? source[at + 3]! << 24 : 0)
      low = Math.imul(low ^ word, 0x9e3779b1)
      low ^= low >>> 15
      high = Math.imul(high ^ word, 0x5f356495)
      high ^= high >>> 15
    }
    this.low = low
    this.high = high
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

/** Rows in parts by their first hash, in each part as they came: where a part begins, and the rows of all. */
const inParts = (hashes: Int32Array, rows: number): { readonly begins: Uint32Array; readonly rowsOf: Uint32Array } => {
  const bits = Math.min(20, Math.max(1, Math.ceil(Math.log2(rows / partRows))))
  const begins = new Uint32Array(2 ** bits + 1)
  const rowsOf = new Uint32Array(rows)
  for (let row = 0; row < rows; row++) begins[(hashes[row * 2]! >>> 32 - bits) + 1]!++
  for (let part = 1; part < begins.length; part++) begins[part]! += begins[part - 1]!
  const next = begins.slice()
  for (let row = 0; row < rows; row++) rowsOf[next[hashes[row * 2]! >>> 32 - bits]!++] = row
  return { begins, rowsOf }
}

/** Pairs of equal hashes in one part, no more than are kept. */
const suspectsOf = (hashes: Int32Array, rows: Uint32Array, slots: Uint32Array): ReadonlyArray<Suspect> => {
  const found: Array<Suspect> = []
  const mask = slots.length - 1
  slots.fill(0)
  for (let k = 0; k < rows.length; k++) {
    const second = rows[k]!
    const low = hashes[second * 2]!
    const high = hashes[second * 2 + 1]!
    let slot = high & mask
    for (; slots[slot] !== 0; slot = slot + 1 & mask) {
      const first = slots[slot]! - 1
      if (hashes[first * 2] !== low || hashes[first * 2 + 1] !== high) continue
      found.push({ first, second })
      if (found.length === suspectsKept) return found
    }
    slots[slot] = second + 1
  }
  return found
}

/** Ids by hash. Rows are numbered by the order in which they are added, from 0. */
export class DistinctIds {
  /** Two words a row. */
  #hashes = new Int32Array(firstCapacity * 2)
  #rows = 0
  readonly #hash = new RowHash()

  /** Rows so far. */
  get rows(): number {
    return this.#rows
  }

  /** Pairs of rows with one hash, each `first < second`, in the order of `second`; no more than 64. Looks at all rows. */
  get suspects(): ReadonlyArray<Suspect> {
    const { begins, rowsOf } = inParts(this.#hashes, this.#rows)
    const most = begins.reduce((most, begin, part) => Math.max(most, begin - (begins[part - 1] ?? 0)), 0)
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(most * 2 + 1)))
    const found: Array<Suspect> = []
    for (let part = 0; part + 1 < begins.length; part++) {
      found.push(...suspectsOf(this.#hashes, rowsOf.subarray(begins[part], begins[part + 1]), slots))
    }
    return found.sort((a, b) => a.second - b.second || a.first - b.first).slice(0, suspectsKept)
  }

  /** The rows of one chunk. Shape: the id columns, always the same ones in the same order, `rows` values each. */
  add(columns: ReadonlyArray<ColumnData>, rows: number): void {
    const hash = this.#hash
    const hashers = columns.map((data) => cellHasher(data, hash))
    this.#reserve(this.#rows + rows)
    for (let row = 0; row < rows; row++) {
      hash.start()
      for (let k = 0; k < hashers.length; k++) hashers[k]!(row)
      hash.end()
      const at = this.#rows++ * 2
      this.#hashes[at] = hash.low
      this.#hashes[at + 1] = hash.high
    }
  }

  #reserve(rows: number): void {
    if (rows * 2 <= this.#hashes.length) return
    const grown = new Int32Array(Math.max(rows * 2, this.#hashes.length * 2))
    grown.set(this.#hashes.subarray(0, this.#rows * 2))
    this.#hashes = grown
  }
}
