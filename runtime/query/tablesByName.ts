/**
 * Every table of a cache under the names that SQL may use: a node's label, `critique@before` for its result before the
 * last change, and the bare name of a sweep's arms for all of them together.
 */
import * as Duck from "../../cache/Duck.ts"
import type { TableManifest } from "../../cache/Manifest.ts"
import type { Store } from "../../cache/Store.ts"
import type { LatestNode } from "./latestNodes.ts"
import { type Arm, parseArmLabel, sweepTable } from "./sweepTable.ts"

export interface NamedTable {
  readonly name: string
  readonly rows: number
  readonly table: Duck.SqlTable
}

const isTable = (manifest: LatestNode["manifest"] | undefined): manifest is TableManifest => manifest?.kind === "table"

/** The tables of one experiment: what nodes left, then sweeps. */
const tablesOf = (store: Store["Service"], nodes: ReadonlyArray<LatestNode>): ReadonlyArray<NamedTable> => {
  const sweeps = new Map<string, Array<Arm & { readonly rows: number }>>()
  const single = nodes.flatMap(({ before, label, manifest }) => {
    if (!isTable(manifest)) return []
    const own = { name: label, rows: manifest.rows, table: Duck.fromManifest(store, manifest) }
    const arm = parseArmLabel(label)
    if (arm !== undefined) sweeps.set(arm.name, [...sweeps.get(arm.name) ?? [], { ...own, label, point: arm.point }])
    if (!isTable(before)) return [own]
    return [own, { name: `${label}@before`, rows: before.rows, table: Duck.fromManifest(store, before) }]
  })
  const whole = [...sweeps].map(([name, arms]) => ({
    name,
    rows: arms.reduce((sum, { rows }) => sum + rows, 0),
    table: sweepTable(name, arms)
  }))
  return [...single, ...whole]
}

/**
 * Tables by name in lower case, since SQL does not tell cases apart. Where two experiments have a name in common, it
 * means the table of the one that ran last; a node's own label goes before the bare name of a sweep.
 *
 * **Shape**: `nodes` as `latestNodes` gives them.
 */
export const tablesByName = (
  store: Store["Service"],
  nodes: ReadonlyArray<LatestNode>
): ReadonlyMap<string, NamedTable> => {
  const named = new Map<string, NamedTable>()
  for (const own of Map.groupBy(nodes, (node) => node.experiment).values()) {
    for (const table of tablesOf(store, own)) {
      const key = table.name.toLowerCase()
      if (!named.has(key)) named.set(key, table)
    }
  }
  return named
}
