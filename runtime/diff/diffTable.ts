/**
 * What differs between two stored tables of one node. Only columns whose digests differ are read, one at a time, and ids
 * only where rows came, went or moved; names of rows are made for the few that are shown.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import type { TableManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { alignInOrder, type Alignment, alignRows, type Ids } from "./alignRows.ts"
import { compareColumn, type Mean } from "./compareColumn.ts"

/** A value that became another. `rows` names some of them. */
export interface Flip {
  readonly column: string
  readonly from: Cell
  readonly to: Cell
  readonly count: number
  readonly rows: ReadonlyArray<string>
}

export interface MeanChange {
  readonly column: string
  readonly before: Mean
  readonly after: Mean
}

export interface TableDiff {
  readonly rows: {
    readonly before: number
    readonly after: number
    readonly added: number
    readonly removed: number
    /** Rows that both have and that differ in a column that both have. */
    readonly changed: number
  }
  /** Columns that both have, with the rows in which they differ, most first. */
  readonly columns: ReadonlyArray<{ readonly name: string; readonly changed: number }>
  readonly newColumns: ReadonlyArray<string>
  readonly goneColumns: ReadonlyArray<string>
  readonly flips: ReadonlyArray<Flip>
  readonly means: ReadonlyArray<MeanChange>
  /** The first cell that differs: of the first column that does, in its first row. */
  readonly first?: { readonly row: string; readonly column: string; readonly from: Cell; readonly to: Cell }
  /** Names of some rows. */
  readonly samples: {
    readonly added: ReadonlyArray<string>
    readonly removed: ReadonlyArray<string>
    readonly changed: ReadonlyArray<string>
  }
}

export interface TableDiffOptions {
  /** The columns that name a row; none: rows are compared in their order. */
  readonly id: ReadonlyArray<string>
  /** Rows named of each kind. */
  readonly samples: number
  /** Compare these columns only; all that both tables have unless told. */
  readonly columns?: ReadonlyArray<string>
  /** Columns copied from an input: what their values turned into is said of the node that made them. */
  readonly inherited?: ReadonlySet<string>
}

const has = (manifest: TableManifest, name: string): boolean => manifest.columns[name] !== undefined

const namesOf = ({ schema }: TableManifest): ReadonlyArray<string> => schema.map(({ name }) => name)

/** The cells of the id columns; none where the table lacks one of them. */
const idsOf = Effect.fnUntraced(function*(manifest: TableManifest, id: ReadonlyArray<string>) {
  const store = yield* Store
  const columns = id.every((name) => has(manifest, name)) ? yield* store.readTable(manifest, id) : {}
  return { columns: Object.values(columns), rows: manifest.rows } satisfies Ids
})

const firstRows = (marks: Uint8Array, most: number): ReadonlyArray<number> => {
  const rows: Array<number> = []
  for (let row = 0; row < marks.length && rows.length < most; row++) if (marks[row] === 1) rows.push(row)
  return rows
}

const nameOf = ({ columns }: Ids, row: number): string =>
  columns.length === 0 ? `#${row}` : columns.map((cells) => String(cells[row])).join("/")

/** Both tables' ids, and which row is which. */
const align = Effect.fnUntraced(
  function*(before: TableManifest, after: TableManifest, id: ReadonlyArray<string>) {
    const ids = yield* idsOf(after, id)
    if (before.rows === after.rows && id.every((name) => before.columns[name] === after.columns[name])) {
      return { idsBefore: ids, ids, alignment: alignInOrder(before.rows, after.rows), moved: false }
    }
    const idsBefore = yield* idsOf(before, id)
    return { idsBefore, ids, alignment: alignRows(idsBefore, ids), moved: true }
  }
)

const addedRows = ({ matches }: Alignment, most: number): ReadonlyArray<number> => {
  const rows: Array<number> = []
  for (let row = 0; row < matches.length && rows.length < most; row++) if (matches[row]! < 0) rows.push(row)
  return rows
}

/** What differs; `undefined` where the tables are equal. */
export const diffTable = Effect.fnUntraced(
  function*(before: TableManifest, after: TableManifest, { columns: only, id, inherited, samples }: TableDiffOptions) {
    if (before.content === after.content) return undefined
    const store = yield* Store
    const { alignment, ids, idsBefore, moved } = yield* align(before, after, id)
    const marks = new Uint8Array(after.rows)
    const common = namesOf(after).filter((name) =>
      has(before, name) && !id.includes(name) && (only === undefined || only.includes(name))
    )
    const columns: Array<TableDiff["columns"][number]> = []
    const flips: Array<Flip> = []
    const means: Array<MeanChange> = []
    let first: TableDiff["first"]
    for (const name of common) {
      if (!moved && before.columns[name] === after.columns[name]) continue
      const old = (yield* store.readTable(before, [name]))[name]!
      const current = (yield* store.readTable(after, [name]))[name]!
      const { changed, first: row, flips: flipped, numbers } = compareColumn(old, current, alignment, marks, samples)
      if (row >= 0) {
        first ??= { row: nameOf(ids, row), column: name, from: old[alignment.matches[row]!]!, to: current[row]! }
      }
      if (changed > 0) columns.push({ name, changed })
      if (inherited?.has(name) === true) continue
      for (const flip of flipped) {
        flips.push({ column: name, ...flip, rows: flip.rows.map((row) => nameOf(ids, row)) })
      }
      if (numbers !== undefined && before.columns[name] !== after.columns[name]) {
        means.push({ column: name, ...numbers })
      }
    }
    const changed = marks.reduce((sum, mark) => sum + mark, 0)
    return {
      rows: {
        before: before.rows,
        after: after.rows,
        added: alignment.added,
        removed: alignment.removed.length,
        changed
      },
      columns: columns.sort((a, b) => b.changed - a.changed),
      newColumns: namesOf(after).filter((name) => !has(before, name)),
      goneColumns: namesOf(before).filter((name) => !has(after, name)),
      flips,
      means,
      ...(first === undefined ? {} : { first }),
      samples: {
        added: addedRows(alignment, samples).map((row) => nameOf(ids, row)),
        removed: [...alignment.removed.subarray(0, samples)].map((row) => nameOf(idsBefore, row)),
        changed: firstRows(marks, samples).map((row) => nameOf(ids, row))
      }
    } satisfies TableDiff
  }
)
