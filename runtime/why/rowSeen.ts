/**
 * What a row node sees of one row: the cells it reads, what it is given, and the key they make. The same for the inputs
 * of now and for those of an earlier run, so that the two can be compared.
 */
import * as Effect from "effect/Effect"
import type { TableManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import type { RowsDefinition } from "../Definition.ts"
import type { Vertex } from "../Graph.ts"
import { type Cells, StoredTable } from "../history/StoredTable.ts"
import { sideOf } from "../Inputs.ts"
import type { KeyParts } from "../Key.ts"
import type { Known } from "../Resolver.ts"
import { readChunk } from "../rows/keyTable.ts"
import { hexKey, RowFunction } from "../rows/RowFunction.ts"

export interface RowSeen {
  readonly rowFunction: RowFunction
  /** The row's key, 64 hexadecimal digits. */
  readonly key: string
  /** The cells it reads, as they are stored. */
  readonly cells: Cells
  /** What `given` picks for it; undefined where the node has none. */
  readonly given: unknown
}

export type Inputs = { readonly [port: string]: Known }

/** The row of this name in the inputs; `undefined` where it is not there. */
export const rowSeen = Effect.fnUntraced(function*(vertex: Vertex, parts: KeyParts, inputs: Inputs, name: string) {
  const store = yield* Store
  const definition = vertex.definition as RowsDefinition
  const manifest = inputs["rows"]!.manifest as TableManifest
  const table = new StoredTable(store, manifest, definition.input.id)
  const row: number = yield* table.rowNamed(name)
  if (row < 0) return undefined
  const rowFunction = new RowFunction(vertex, parts, yield* sideOf(vertex, inputs))
  let first = 0
  const index = manifest.chunks.findIndex(({ rows }) => row < (first += rows))
  const chunk = yield* readChunk(manifest, index, rowFunction.needed)
  const at = row - (first - chunk.rows)
  const cells: Cells = yield* table.cells(row)
  return {
    rowFunction,
    key: hexKey(rowFunction.keysOf(chunk), at),
    cells: Object.fromEntries(rowFunction.read.map((column) => [column, cells[column]!])),
    given: definition.given === undefined ? undefined : rowFunction.given(rowFunction.reader(chunk)(at))
  } as RowSeen
})
