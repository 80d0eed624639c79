/**
 * The fast way through a line of JSON: an object of text, whole numbers, booleans and nulls, found where it lies without
 * making a value of it. It only ever says yes: a line that it does not take (escapes, fractions, something nested, what
 * does not fit its column) may be right or wrong, and is for `JSON.parse` and the table's schemas to judge.
 */
import type { Cell } from "../../cache/Columns.ts"
import type { PlainCheck } from "../plainCheck.ts"

/** A column as the fast way sees it. */
export interface FlatColumn {
  readonly name: string
  /** Says yes to values that the column takes as they are. */
  readonly check: PlainCheck
  /** Every text fits: its bytes may be copied unseen. */
  readonly anyText: boolean
}

const space = 32
const tab = 9
const carriageReturn = 13
const newline = 10
const quote = 34
const comma = 44
const minus = 45
const zero = 48
const nine = 57
const colon = 58
const backslash = 92
const opening = 123
const closing = 125

/** What the bytes of a text between its quotes cannot be: its end, an escape, or what JSON wants escaped. */
const endsText = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte < space || byte === quote || byte === backslash ? 1 : 0
)

/** Whether one of the four bytes is such: the arithmetic sets the highest bit of a byte that is, and of none before it. */
const mayEndText = (word: number): boolean => {
  const quotes = word ^ 0x22222222
  const backslashes = word ^ 0x5c5c5c5c
  const found = (word - 0x20202020 & ~word) | (quotes - 0x01010101 & ~quotes) |
    (backslashes - 0x01010101 & ~backslashes)
  return (found & 0x80808080) !== 0
}

/** Whole numbers of so many digits are exact. */
const exactDigits = 15

const words = ([["true", true], ["false", false], ["null", null]] as const).map(
  ([text, value]) => ({ bytes: Buffer.from(text), value })
)

/** Where a column's value was found. */
const Place = { nowhere: -2, cell: -1 } as const

const behindSpace = (bytes: Uint8Array, at: number): number => {
  while (bytes[at] === space || bytes[at] === tab || bytes[at] === carriageReturn) at++
  return at
}

const startsWith = (bytes: Uint8Array, at: number, word: Uint8Array): boolean => {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false
  return true
}

/** The values of one line after the other. */
export class FlatLine {
  /** By column: where the bytes of a text start, or -1 where the value is in {@link cells}. */
  readonly starts: Int32Array
  /** By column: where the bytes of a text end. */
  readonly ends: Int32Array
  /** By column: values that are no text, or a text that had to be looked at. */
  readonly cells: Array<Cell>
  readonly #columns: ReadonlyArray<FlatColumn>
  /** Names in quotes. */
  readonly #keys: ReadonlyArray<Uint8Array>
  /** The memory of the bytes that were read last, as words. */
  #words: Int32Array = new Int32Array(0)
  /** Columns in the order of the last line's keys: most lines have the same. */
  readonly #order: Array<number>

  constructor(columns: ReadonlyArray<FlatColumn>) {
    this.#columns = columns
    this.#keys = columns.map(({ name }) => Buffer.from(JSON.stringify(name)))
    this.#order = columns.map((_, k) => k)
    this.starts = new Int32Array(columns.length)
    this.ends = new Int32Array(columns.length)
    this.cells = columns.map(() => null)
  }

  /**
   * Reads the line that starts at `at`, which must be UTF-8 and end with a newline. Returns where the next line starts,
   * or -1 when this is not the way to read it.
   */
  read(bytes: Buffer, at: number): number {
    this.starts.fill(Place.nowhere)
    let next = behindSpace(bytes, at)
    if (bytes[next++] !== opening) return -1
    for (let position = 0; position < this.#columns.length; position++) {
      if (position > 0 && bytes[next++] !== comma) return -1
      next = this.#member(bytes, behindSpace(bytes, next), position)
      if (next < 0) return -1
      next = behindSpace(bytes, next)
    }
    if (bytes[next++] !== closing) return -1
    next = behindSpace(bytes, next)
    return bytes[next] === newline ? next + 1 : -1
  }

  /** A key and its value; returns the offset behind them or -1, as all below. */
  #member(bytes: Buffer, at: number, position: number): number {
    const k = this.#columnAt(bytes, at, position)
    // of a key that stands twice the last value counts, which is nothing for the fast way
    if (k < 0 || this.starts[k] !== Place.nowhere) return -1
    const behindKey = behindSpace(bytes, at + this.#keys[k]!.length)
    return bytes[behindKey] === colon ? this.#value(bytes, behindSpace(bytes, behindKey + 1), k) : -1
  }

  #columnAt(bytes: Uint8Array, at: number, position: number): number {
    const expected = this.#order[position]!
    if (startsWith(bytes, at, this.#keys[expected]!)) return expected
    const found = this.#keys.findIndex((key) => startsWith(bytes, at, key))
    if (found >= 0) this.#order[position] = found
    return found
  }

  #value(bytes: Buffer, at: number, k: number): number {
    const first = bytes[at]!
    if (first === quote) return this.#text(bytes, at + 1, k)
    if (first === minus || (first >= zero && first <= nine)) return this.#integer(bytes, at, k)
    const word = words.find((each) => startsWith(bytes, at, each.bytes))
    return word === undefined ? -1 : this.#keep(k, word.value, at + word.bytes.length)
  }

  #text(bytes: Buffer, start: number, k: number): number {
    const end = this.#textEnd(bytes, start)
    if (bytes[end] !== quote) return -1
    if (!this.#columns[k]!.anyText) return this.#keep(k, bytes.toString("utf8", start, end), end + 1)
    this.starts[k] = start
    this.ends[k] = end
    return end + 1
  }

  /** The first byte that a text cannot have: four at a time, where there is none among them. */
  #textEnd(bytes: Buffer, start: number): number {
    if (bytes.buffer !== this.#words.buffer) {
      this.#words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >>> 2)
    }
    const words = this.#words
    let end = start
    while ((bytes.byteOffset + end & 3) !== 0 && endsText[bytes[end]!] === 0) end++
    if ((bytes.byteOffset + end & 3) === 0) {
      let at = bytes.byteOffset + end >>> 2
      while (at < words.length && !mayEndText(words[at]!)) at++
      end = (at << 2) - bytes.byteOffset
    }
    while (endsText[bytes[end]!] === 0) end++
    return end
  }

  #integer(bytes: Uint8Array, at: number, k: number): number {
    const start = bytes[at] === minus ? at + 1 : at
    let end = start
    let value = 0
    for (let byte = bytes[end]!; byte >= zero && byte <= nine; byte = bytes[++end]!) value = value * 10 + byte - zero
    const digits = end - start
    if (digits === 0 || digits > exactDigits || (digits > 1 && bytes[start] === zero)) return -1
    // a fraction or an exponent follows: no comma or brace does, and the line is refused there
    return this.#keep(k, start > at ? -value : value, end)
  }

  #keep(k: number, value: Cell, end: number): number {
    if (!this.#columns[k]!.check(value)) return -1
    this.starts[k] = Place.cell
    this.cells[k] = value
    return end
  }
}
