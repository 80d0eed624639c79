/**
 * Moves the results of rows from the row log into the output table, with the cells that are carried around them. The
 * loop has a method of its own: one that stands between the pauses of a generator is compiled again and again. Which
 * table is read, and what is done where a result is damaged, is the engine's.
 */
import type { ColumnBuilder } from "../../cache/ColumnBuilder.ts"
import type { ColumnData } from "../../cache/ColumnData.ts"
import type { Memo } from "../../cache/Memo.ts"
import type { RowCodec } from "../../cache/RowCodec.ts"
import type { TableWriter } from "../../cache/TableWriter.ts"
import type { Chunk, RowFunction } from "./RowFunction.ts"

/** Rows whose results are asked for together. */
const aheadRows = 256

const nothing = new Int32Array(0)

export class OutputRows {
  readonly #memo: Memo
  readonly #codec: RowCodec
  readonly #writer: TableWriter
  /** Of the columns that come from the log, in the order they lie there. */
  readonly #logged: ReadonlyArray<ColumnBuilder>
  readonly #carry: ReadonlyArray<string>
  readonly #carriers: ReadonlyArray<ColumnBuilder>
  #carried: ReadonlyArray<ColumnData> = []
  #entries: Int32Array = nothing

  constructor({ codec, definition: { carry }, logged }: RowFunction, memo: Memo, writer: TableWriter) {
    const builderOf = new Map(writer.schema.map(({ name }, at) => [name, writer.builders[at]!]))
    this.#memo = memo
    this.#codec = codec
    this.#writer = writer
    this.#logged = logged.map((name) => builderOf.get(name)!)
    this.#carry = carry
    this.#carriers = carry.map((name) => builderOf.get(name)!)
  }

  /** The rows that come next: a chunk of the input, and what the log has for each of them. */
  begin({ columns }: Chunk, entries: Int32Array): void {
    this.#carried = this.#carry.map((name) => columns.get(name)!)
    this.#entries = entries
  }

  /** Moves the rows from `row` on; returns the first whose result is not there, or how many rows there are. */
  moveFrom(row: number): number {
    const entries = this.#entries
    for (; row < entries.length; row++) {
      if (row % aheadRows === 0) this.#memo.lookAhead(entries, row, Math.min(row + aheadRows, entries.length))
      const entry = entries[row]!
      const at = entry < 0 ? -1 : this.#memo.locate(entry)
      if (at < 0) break
      this.move(row, this.#memo.located, at)
    }
    return row
  }

  /** Moves a row whose result starts at `at` in `payload`. */
  move(row: number, payload: Uint8Array, at: number): void {
    let next = this.#codec.firstCell(payload, at)
    for (let k = 0; k < this.#logged.length; k++) next = this.#logged[k]!.pushEncoded(payload, next)
    for (let k = 0; k < this.#carriers.length; k++) this.#carriers[k]!.pushFrom(this.#carried[k]!, row)
    this.#writer.endRow()
  }
}
