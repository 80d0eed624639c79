/** The specification that a run had, from its cache. */
import * as Effect from "effect/Effect"
import type { RunNode, TableManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import type { SpecClauseRow } from "../../nodes/text/parseSpec.ts"

const columns: ReadonlyArray<keyof SpecClauseRow> = ["clauseId", "title", "categories", "text", "words", "examples"]

/** The clauses of a table, where it is one of clauses. */
const asSpec = ({ manifest }: RunNode): TableManifest | undefined =>
  manifest?.kind === "table" && columns.every((name) => manifest.columns[name] !== undefined) ? manifest : undefined

/** Nodes that hold a specification, by label. */
export const specNodes = (nodes: Iterable<RunNode>): ReadonlyMap<string, TableManifest> =>
  new Map([...nodes].flatMap((node) => {
    const manifest = asSpec(node)
    return manifest === undefined ? [] : [[node.label, manifest]]
  }))

/** The rows of a stored specification. */
export const storedClauses = Effect.fnUntraced(function*(manifest: TableManifest) {
  const cells = yield* (yield* Store).readTable(manifest, columns)
  return Array.from(
    { length: manifest.rows },
    (_, row) => Object.fromEntries(columns.map((name) => [name, cells[name]![row]])) as unknown as SpecClauseRow
  )
})
