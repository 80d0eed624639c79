/** The specification that a run had, from its cache. */
import * as Effect from "effect/Effect"
import type { RunNode, RunRecord, TableManifest } from "../../cache/Manifest.ts"
import { Store, type StoreFailed } from "../../cache/Store.ts"
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

/** A specification as one text: equal for equal clauses in one order. */
const textOf = (clauses: ReadonlyArray<SpecClauseRow>): string =>
  JSON.stringify(clauses.map((clause) => columns.map((name) => clause[name])))

/** Tells which runs had a specification; each that is stored is read once. */
export class SpecReader {
  readonly #texts = new Map<string, string>()

  readonly #text = Effect.fnUntraced({ self: this }, function*(manifest: TableManifest) {
    const text = this.#texts.get(manifest.content) ?? textOf(yield* storedClauses(manifest))
    this.#texts.set(manifest.content, text)
    return text
  })

  /** The first of these runs that had one of these versions. */
  latestWith(
    runs: ReadonlyArray<RunRecord>,
    versions: ReadonlyArray<ReadonlyArray<SpecClauseRow>>
  ): Effect.Effect<RunRecord | undefined, StoreFailed, Store> {
    return Effect.gen({ self: this }, function*() {
      const wanted = new Set(versions.map(textOf))
      for (const run of runs) {
        for (const manifest of specNodes(run.nodes).values()) {
          const text: string = yield* this.#text(manifest)
          if (wanted.has(text)) return run
        }
      }
      return undefined
    })
  }
}
