/**
 * Rows of a file of JSON lines, for nodes that load one: an object a line, a key for each column of the table, in any
 * order. Cells are in the form the table stores (a date as its text). A body returns what `read` gives; the engine moves
 * plain lines into the table byte by byte (`json/FlatLine.ts`), and all others are parsed and held against the table's
 * schemas. Both ways give the same table, and say the same of a line that is wrong.
 */
import * as Schema from "effect/Schema"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { type ColumnType, tableSchema } from "../cache/Columns.ts"
import type { TableWriter } from "../cache/TableWriter.ts"
import { rowWriter } from "./Cells.ts"
import type { AnyTable } from "./Definition.ts"
import { type FlatColumn, FlatLine } from "./json/FlatLine.ts"
import { type LineBlock, lineBlocks } from "./json/lineBlocks.ts"
import { didYouMean } from "./nearestName.ts"
import { isAnyText, type PlainCheck, plainCheck } from "./plainCheck.ts"
import { reasonOf } from "./reasonOf.ts"
import type { Columns, Folder, Row, Table } from "./Type.ts"

/** A line of a file that is no row of its table. */
export class LineInvalid extends Schema.TaggedError<LineInvalid>()("LineInvalid", {
  file: Schema.String,
  /** Counted from 1. */
  line: Schema.Int,
  column: Schema.optionalKey(Schema.String),
  reason: Schema.String
}) {
  override get message() {
    return `${this.file}, line ${this.line}${
      this.column === undefined ? "" : `, column ${this.column}`
    }: ${this.reason}`
  }
}

interface Field {
  readonly name: string
  readonly plain: PlainCheck | undefined
  readonly decode: (cell: unknown) => unknown
}

const newline = 10

/** Columns as the fast way sees them; undefined where some cell has to go through its codec. */
const flatColumns = (table: AnyTable): ReadonlyArray<FlatColumn> | undefined => {
  const columns = tableSchema(table.columns).flatMap(({ name, type }): ReadonlyArray<FlatColumn> => {
    const { ast } = table.columns[name]!
    const check = plainCheck(ast)
    return check === undefined || !isFlat(type) ? [] : [{ name, check, anyText: isAnyText(ast) }]
  })
  return columns.length === Object.keys(table.columns).length ? columns : undefined
}

const isFlat = ({ kind }: ColumnType): boolean => kind !== "list" && kind !== "struct"

/** The rows of one file. Iterating reads it anew. */
export class JsonLines<A> implements Iterable<A> {
  readonly table: AnyTable
  readonly #folder: Folder<"file">
  readonly #fields: ReadonlyArray<Field>
  readonly #names: ReadonlyArray<string>

  constructor(folder: Folder<"file">, table: AnyTable) {
    this.#folder = folder
    this.table = table
    this.#names = Object.keys(table.columns)
    this.#fields = Object.entries(table.columns).map(([name, schema]) => ({
      name,
      plain: plainCheck(schema.ast),
      decode: Schema.decodeUnknownSync(schema)
    }))
  }

  /** The rows, decoded. **Throws** {@link LineInvalid}, and what the file system says. */
  *[Symbol.iterator](): Generator<A, void> {
    let line = 0
    for (const block of this.#blocks()) {
      for (let at = block.start; at < block.end;) {
        const end = block.bytes.indexOf(newline, at)
        const row = this.#row(block, at, end, ++line)
        if (row !== undefined) yield row as A
        at = end + 1
      }
    }
  }

  /**
   * Moves all rows into `writer`, which must have the columns of {@link table} in their order; yields now and then, for
   * others to have their turn. **Throws** as iterating does, and what the writer throws.
   */
  *moveInto(writer: TableWriter): Generator<void, void> {
    const columns = flatColumns(this.table)
    const flat = columns === undefined ? undefined : new FlatLine(columns)
    const write = rowWriter(this.table)
    let line = 0
    for (const block of this.#blocks()) {
      for (let at = block.start; at < block.end;) {
        line++
        const next = flat === undefined || !block.isText ? -1 : flat.read(block.bytes, at)
        if (next >= 0) {
          this.#move(flat!, block.bytes, writer)
          at = next
          continue
        }
        const end = block.bytes.indexOf(newline, at)
        const row = this.#row(block, at, end, line)
        if (row !== undefined) writer.pushRow(write(row))
        at = end + 1
      }
      yield
    }
  }

  #blocks(): Generator<LineBlock, void> {
    return lineBlocks(join(this.#folder.path, this.#file))
  }

  get #file(): string {
    return readdirSync(this.#folder.path)[0]!
  }

  #move({ cells, ends, starts }: FlatLine, bytes: Uint8Array, writer: TableWriter): void {
    for (let k = 0; k < starts.length; k++) {
      if (starts[k]! < 0) writer.pushCell(k, cells[k]!)
      else writer.pushText(k, bytes, starts[k]!, ends[k]!)
    }
    writer.endRow()
  }

  /** The row of a line, decoded; nothing for a line of white space. */
  #row(
    { bytes, isText }: LineBlock,
    start: number,
    end: number,
    line: number
  ): { [column: string]: unknown } | undefined {
    const refuse = (reason: string, column?: string): LineInvalid =>
      new LineInvalid({ file: this.#file, line, reason, ...(column === undefined ? {} : { column }) })
    const text = bytes.toString("utf8", start, end)
    if (!isText && !Buffer.from(text).equals(bytes.subarray(start, end))) {
      throw refuse("it is not UTF-8; save it as UTF-8")
    }
    if (text.trim() === "") return undefined
    const value = parse(text, refuse)
    const names = this.#names
    const unknown = Object.keys(value).find((key) => !names.includes(key))
    if (unknown !== undefined) {
      throw refuse(
        `the table ${this.table.name} has no such column; ${didYouMean(unknown, names)}it has ${names.join(", ")}`,
        unknown
      )
    }
    const row: { [column: string]: unknown } = {}
    for (const { decode, name, plain } of this.#fields) {
      if (!Object.hasOwn(value, name)) throw refuse("the line has no such key", name)
      const cell = value[name]
      try {
        row[name] = plain?.(cell) === true ? cell : decode(cell)
      } catch (error) {
        throw refuse(`${reasonOf(error)}, found ${excerpt(JSON.stringify(cell))}`, name)
      }
    }
    return row
  }
}

const excerpt = (text: string): string => text.length > 40 ? `${text.slice(0, 40)}…` : text

const parse = (text: string, refuse: (reason: string) => LineInvalid): { readonly [key: string]: unknown } => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refuse(`it is not JSON: ${(error as Error).message}`)
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as { [key: string]: unknown }
  throw refuse(`expected an object with a key for each column, found ${excerpt(text.trim())}`)
}

/** The rows of the file in `folder` as `table` declares them. Nothing is read before somebody asks for rows. */
export const read = <F extends Columns>(folder: Folder<"file">, table: Table<F>): Iterable<Row<F>> =>
  new JsonLines<Row<F>>(folder, table as unknown as AnyTable) // what is written into it is checked here, not by `tsc`
