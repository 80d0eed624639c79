/**
 * The rows of a map, before and after edits: texts are made from the row's number and version, so that a million of them
 * need no memory. What the engine must make of them is computed here with Node's own CRC-32.
 */
import { closeSync, openSync, writeSync } from "node:fs"
import { crc32 } from "node:zlib"
import { random } from "./random.ts"

const clauseCount = 40

/** The clause that exactly 3 % of the rows mention. */
export const editedClause = 7

const corpus = (() => {
  const next = random(1)
  const words = Array.from(
    { length: 64 },
    () => Array.from({ length: 3 + next(6) }, () => String.fromCharCode(97 + next(26))).join("")
  )
  return Array.from({ length: 32_768 }, () => words[next(words.length)]).join(" ")
})()

const clauseName = (clause: number): string => `C${String(clause).padStart(2, "0")}`

/** The clause a row mentions. */
const clauseOf = (row: number): number => {
  if (row % 100 < 3) return editedClause
  const other = Math.imul(row, 2_654_435_761) >>> 8
  return (editedClause + 1 + (other % (clauseCount - 1))) % clauseCount
}

/** The specification's clauses; `version` is that of the edited one. */
export const clausesOf = (version: number): ReadonlyArray<{ readonly id: string; readonly text: string }> =>
  Array.from({ length: clauseCount }, (_, clause) => ({
    id: clauseName(clause),
    text: `${clauseName(clause)} in version ${clause === editedClause ? version : 1}: ${
      corpus.slice(clause * 64, clause * 64 + 120)
    }`
  }))

const shuffle = (rows: Int32Array, seed: number): Int32Array => {
  const next = random(seed)
  for (let at = rows.length - 1; at > 0; at--) {
    const other = next(at + 1)
    const held = rows[at]!
    rows[at] = rows[other]!
    rows[other] = held
  }
  return rows
}

const hex = (check: number): string => check.toString(16).padStart(8, "0")

export class RowSet {
  /** Rows by number, in the order of the file. */
  readonly #order: Int32Array
  /** By row number; an edit counts it up. */
  readonly #versions: Uint8Array
  readonly #textBytes: number

  private constructor(order: Int32Array, versions: Uint8Array, textBytes: number) {
    this.#order = order
    this.#versions = versions
    this.#textBytes = textBytes
  }

  /** `count` rows whose texts have about `textBytes` bytes; a multiple of 1,000, so that edits are exact. */
  static make(count: number, textBytes: number): RowSet {
    if (count % 1000 !== 0) throw new Error(`${count} rows: the count must be a multiple of 1,000`)
    return new RowSet(Int32Array.from({ length: count }, (_, row) => row), new Uint8Array(2 * count), textBytes)
  }

  get count(): number {
    return this.#order.length
  }

  /**
   * After 1 % edited, 0.1 % deleted, 0.1 % added, and all shuffled. Edits of one set in other rounds have no new row in
   * common: a cache that has seen the others has none of this one's.
   */
  edited(seed: number, round: number = 1): RowSet {
    const thousandth = this.count / 1000
    const order = shuffle(Int32Array.from(this.#order), seed)
    const versions = Uint8Array.from(this.#versions)
    const next = order.reduce((most, row) => Math.max(most, row), 0) + 1 + (round - 1) * thousandth
    for (let at = 0; at < thousandth; at++) order[at] = next + at // a deleted row's place
    for (let at = thousandth; at < 11 * thousandth; at++) versions[order[at]!]! += round
    return new RowSet(shuffle(order, seed + 1), versions, this.#textBytes)
  }

  /** How many rows `edited` makes that were not there before. */
  get toRunAfterEdit(): number {
    return (this.count / 1000) * 11
  }

  /** How many rows mention the edited clause. */
  get mentioning(): number {
    return this.#order.reduce((sum, row) => sum + (clauseOf(row) === editedClause ? 1 : 0), 0)
  }

  #text(row: number): string {
    const version = this.#versions[row]!
    const start = `${row.toString(36)}.${version} says ${clauseName(clauseOf(row))} `
    const at = (Math.imul(row + version * 7919, 2_246_822_519) >>> 0) % (corpus.length - this.#textBytes)
    return start + corpus.slice(at, at + this.#textBytes - start.length)
  }

  /** Writes the rows as JSON lines. */
  write(file: string): void {
    const fd = openSync(file, "w")
    let block = ""
    for (const row of this.#order) {
      block += `{"id":"r${row}","text":"${this.#text(row)}"}\n` // no character of a text needs an escape
      if (block.length > 1 << 20) {
        writeSync(fd, block, null, "latin1")
        block = ""
      }
    }
    writeSync(fd, block, null, "latin1")
    closeSync(fd)
  }

  /** What is wrong with a table of checks: rows in the order of the file, each with the right one. */
  problemsOf(
    table: { readonly [column: string]: ArrayLike<unknown> },
    expected: { readonly start?: number; readonly clauseVersion?: number } = {}
  ): ReadonlyArray<string> {
    const ids = table["id"] ?? []
    const checks = table["check"] ?? []
    if (ids.length !== this.count) return [`the table has ${ids.length} rows instead of ${this.count}`]
    const clauses = expected.clauseVersion === undefined ? undefined : clausesOf(expected.clauseVersion)
    let wrong = 0
    for (const [at, row] of this.#order.entries()) {
      const shown = clauses === undefined ? "" : clauses[clauseOf(row)]!.text
      const check = hex(crc32(this.#text(row) + shown, expected.start ?? 0))
      if (ids[at] !== `r${row}` || checks[at] !== check) wrong++
    }
    return wrong === 0 ? [] : [`${wrong} rows of the table are wrong`]
  }
}
