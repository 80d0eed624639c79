/**
 * How rows of a table are found in a table made from it, and back: by their place where a row node mapped them, else by
 * the columns that name them. A pure rule over what a run recorded; reading cells is `Trace.ts`'s.
 */
import type { NodeFacts } from "../RunFacts.ts"
import type { StoredTable } from "../history/StoredTable.ts"

/** A way from rows of one table to rows of the other, the same in both directions. */
export type Link =
  /** Output row `n` is input row `n`. */
  | { readonly kind: "place" }
  /** Rows with equal cells in these columns of both. */
  | { readonly kind: "columns"; readonly columns: ReadonlyArray<string> }
  /** Rows whose only id cells are equal, whatever the columns are called. */
  | { readonly kind: "name" }
  /** A side input: rows are shown some of it, which their cells may name. */
  | { readonly kind: "given" }

/** A node's table with what is recorded of the node. */
export interface Linked {
  readonly table: StoredTable
  readonly facts: NodeFacts
}

const within = (columns: ReadonlyArray<string>, table: StoredTable): boolean =>
  columns.length > 0 && columns.every((column) => table.has(column))

const kindOf = ({ manifest }: StoredTable, column: string): string | undefined =>
  manifest.schema.find(({ name }) => name === column)?.type.kind

/** Ways to try in turn, the surest first; none where only the whole table is an input. `ids` name rows of any table. */
export const linksOf = (
  below: Linked,
  port: string,
  above: Linked,
  ids: ReadonlySet<string>
): ReadonlyArray<Link> => {
  if (below.facts.kind === "rows") {
    if (port !== "rows") return [{ kind: "given" }]
    if (below.table.manifest.rows === above.table.manifest.rows) return [{ kind: "place" }]
  }
  const links: Array<Link> = []
  for (const [ids, table] of [[above.table.id, below.table], [below.table.id, above.table]] as const) {
    if (within(ids, table)) links.push({ kind: "columns", columns: ids })
  }
  if (links.length > 0) return links.slice(0, 1)
  const [over, under] = [above.table.id, below.table.id]
  if (over.length === 1 && under.length === 1) {
    if (kindOf(above.table, over[0]!) === kindOf(below.table, under[0]!)) links.push({ kind: "name" })
  }
  const known = new Set([...ids, ...over, ...under])
  const common = above.table.manifest.schema.map(({ name }) => name).filter((name) =>
    known.has(name) && below.table.has(name)
  )
  if (common.length > 0) links.push({ kind: "columns", columns: common })
  return links
}
