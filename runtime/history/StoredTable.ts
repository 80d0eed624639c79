/**
 * One stored table for those who look at few of its rows: columns are read once and kept, a row is read with its chunk
 * alone, so that a look at one of a million rows does not decode a million texts.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import type { TableManifest } from "../../cache/Manifest.ts"
import type { Store, StoreFailed } from "../../cache/Store.ts"
import { sameCell } from "../diff/compareColumn.ts"

export type Cells = { readonly [column: string]: Cell }

export class StoredTable {
  readonly manifest: TableManifest
  /** Columns that name a row. */
  readonly id: ReadonlyArray<string>
  readonly #store: Store["Service"]
  readonly #columns = new Map<string, ReadonlyArray<Cell>>()
  readonly #chunks = new Map<number, Readonly<Record<string, ReadonlyArray<Cell>>>>()

  constructor(store: Store["Service"], manifest: TableManifest, id: ReadonlyArray<string>) {
    this.#store = store
    this.manifest = manifest
    this.id = id.filter((name) => manifest.columns[name] !== undefined)
  }

  has(column: string): boolean {
    return this.manifest.columns[column] !== undefined
  }

  /** All cells of one column. */
  column(name: string): Effect.Effect<ReadonlyArray<Cell>, StoreFailed> {
    return Effect.suspend(() => {
      const known = this.#columns.get(name)
      if (known !== undefined) return Effect.succeed(known)
      return Effect.map(this.#store.readTable(this.manifest, [name]), (columns) => {
        const cells = columns[name]!
        this.#columns.set(name, cells)
        return cells
      })
    })
  }

  /** All cells of one row. */
  readonly cells = Effect.fnUntraced({ self: this }, function*(row: number) {
    const { chunks, schema } = this.manifest
    let first = 0
    const index = chunks.findIndex(({ rows }) => row < (first += rows))
    const chunk = chunks[index]!
    // a table of one chunk: what reads tables reads this one too
    const part: TableManifest = { ...this.manifest, chunks: [chunk], rows: chunk.rows }
    const columns = this.#chunks.get(index) ?? (yield* this.#store.readTable(part))
    this.#chunks.set(index, columns)
    const at = row - (first - chunk.rows)
    return Object.fromEntries(schema.map(({ name }) => [name, columns[name]![at]!])) as Cells
  })

  /** Rows whose cells of these columns are these, in order. */
  readonly where = Effect.fnUntraced({ self: this }, function*(wanted: Cells) {
    let rows: ReadonlyArray<number> | undefined
    for (const [name, cell] of Object.entries(wanted)) {
      const cells: ReadonlyArray<Cell> = yield* this.column(name)
      if (rows !== undefined) {
        rows = rows.filter((row) => sameCell(cells[row]!, cell))
        continue
      }
      const found: Array<number> = []
      for (let row = 0; row < cells.length; row++) if (sameCell(cells[row]!, cell)) found.push(row)
      rows = found
    }
    return rows ?? []
  })

  /** The name of a row: its id cells; its place where it has none. */
  nameOf(cells: Cells, row: number): string {
    return this.id.length === 0 ? `#${row}` : this.id.map((column) => String(cells[column])).join("/")
  }

  /** The row of this name; of rows with several id cells, one of the cells is enough. -1 where there is none. */
  readonly rowNamed = Effect.fnUntraced({ self: this }, function*(name: string) {
    const columns: Array<ReadonlyArray<Cell>> = []
    for (const column of this.id) columns.push(yield* this.column(column))
    const { rows } = this.manifest
    const whole = name.split("/")
    const exact = (row: number) =>
      whole.length === columns.length
        ? columns.every((cells, at) => String(cells[row]) === whole[at])
        : columns.map((cells) => String(cells[row])).join("/") === name
    for (let row = 0; row < rows && columns.length > 0; row++) if (exact(row)) return row
    if (columns.length < 2) return -1
    for (let row = 0; row < rows; row++) if (columns.some((cells) => String(cells[row]) === name)) return row
    return -1
  })
}
