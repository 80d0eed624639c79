/**
 * Rows of a side input that the cells of other rows name, whatever the column is called: a critique names the clauses that
 * it was shown. Both directions; which tables these are is `Trace.ts`'s.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import type { Cells, StoredTable } from "../history/StoredTable.ts"

/** Longer lists are not searched for ids. */
const idsSearched = 100_000

/** Which rows of a side input the cells of a row name, by the columns that name them: `C3 (shown, cited)`. */
export const namedIn = Effect.fnUntraced(function*(table: StoredTable, row: number, side: StoredTable) {
  const [id] = side.id
  if (id === undefined || side.id.length > 1 || side.manifest.rows > idsSearched) return undefined
  const ids = new Set(yield* side.column(id))
  const named = new Map<Cell, Array<string>>()
  for (const [column, cell] of Object.entries((yield* table.cells(row)) as Cells)) {
    if (!Array.isArray(cell) || cell.length === 0 || !cell.every((item) => ids.has(item))) continue
    for (const item of cell) named.set(item, [...named.get(item) ?? [], column])
  }
  return named.size === 0
    ? undefined
    : [...named].map(([item, columns]) => `${String(item)} (${columns.join(", ")})`).join(", ")
})

/** Rows whose lists hold the id of a side input's row. */
export const naming = Effect.fnUntraced(function*(side: StoredTable, row: number, table: StoredTable) {
  const [id] = side.id
  if (id === undefined || side.id.length > 1) return []
  const cells: Cells = yield* side.cells(row)
  const rows = new Set<number>()
  for (const { name, type } of table.manifest.schema) {
    if (type.kind !== "list" || type.item.kind !== "string") continue
    for (const [at, cell] of (yield* table.column(name)).entries()) {
      if (Array.isArray(cell) && cell.includes(cells[id])) rows.add(at)
    }
  }
  return [...rows].sort((a, b) => a - b)
})
