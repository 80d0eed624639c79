/**
 * What a cache holds that can be plotted: numeric columns of tables, rates in tables of scores, and numbers inside the
 * values of a sweep's arms. Which of them a name means is `resolveMetric.ts`', what they measure `measured.ts`'.
 */
import * as Effect from "effect/Effect"
import type { TableSchema } from "../../cache/Columns.ts"
import { quoteName } from "../../cache/duck/connect.ts"
import type { ValueManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { numbersOf } from "../../runtime/diff/numbersOf.ts"
import { latestNodes } from "../../runtime/query/latestNodes.ts"
import { select } from "../../runtime/query/select.ts"
import { type ArmLabel, parseArmLabel } from "../../runtime/query/sweepTable.ts"
import { type NamedTable, tablesByName } from "../../runtime/query/tablesByName.ts"

type LatestNode = ReturnType<typeof latestNodes>[number]

interface Common {
  readonly experiment: string
  /** A node, or the name that the arms of a sweep share. */
  readonly node: string
  /** What is measured: a column, a metric, or the path of a number. */
  readonly name: string
  /** Axes of the sweep, empty where the node is in none. */
  readonly axes: ReadonlyArray<string>
  /** Axes and columns of numbers, which may stand at the x axis. */
  readonly numbers: ReadonlyArray<string>
  /** All axes and columns, which may tell lines apart. */
  readonly columns: ReadonlyArray<string>
}

/** A column (`column`) or `hits` of `n` where `metric` is the name (`rate`). */
export interface TableSource extends Common {
  readonly kind: "column" | "rate"
  readonly tables: ReadonlyMap<string, NamedTable>
  readonly schema: TableSchema
}

export interface ValueSource extends Common {
  readonly kind: "value"
  readonly arms: ReadonlyArray<{ readonly point: ArmLabel["point"]; readonly number: number }>
}

export type MetricSource = TableSource | ValueSource

const numeric = new Set(["int32", "int64", "bigint", "float64"])
const single = new Set([...numeric, "string", "bool"])

const isScores = (schema: TableSchema): boolean =>
  ["metric", "hits", "n"].every((name) => schema.some((column) => column.name === name))

/** Number of axes that a sweep's table begins with; its other columns are the arms' own. */
const axesOf = (name: string, labels: ReadonlyArray<string>): number => {
  const points = labels.map(parseArmLabel).filter((arm) => arm?.name === name)
  return new Set(points.flatMap((arm) => Object.keys(arm!.point))).size
}

const metricsOf = Effect.fnUntraced(function*(table: NamedTable, tables: ReadonlyMap<string, NamedTable>) {
  const { columns } = yield* select(`select distinct metric from ${quoteName(table.name)} order by all`, tables)
  return columns["metric"]!.map(String)
})

/** What can be plotted of one table; metrics of scores before plain columns. */
const ofTable = Effect.fnUntraced(
  function*(
    experiment: string,
    named: NamedTable,
    tables: ReadonlyMap<string, NamedTable>,
    labels: ReadonlyArray<string>
  ) {
    const { schema } = named.table
    const axes = schema.slice(0, labels.includes(named.name) ? 0 : axesOf(named.name, labels)).map(({ name }) => name)
    const names = schema.filter(({ type }) => single.has(type.kind)).map(({ name }) => name)
    const common = { experiment, node: named.name, axes, tables, schema }
    const countable = schema.filter(({ type }) => numeric.has(type.kind)).map(({ name }) => name)
    /** What is measured is no axis of its own plot. */
    const source = (kind: TableSource["kind"], name: string, measured: ReadonlyArray<string>): TableSource => ({
      ...common,
      kind,
      name,
      numbers: countable.filter((column) => !measured.includes(column)),
      columns: names.filter((column) => !measured.includes(column))
    })
    const rates = isScores(schema) ? yield* metricsOf(named, tables) : []
    return [
      ...rates.map((name) => source("rate", name, ["metric", "hits", "n"])),
      ...countable.filter((name) => !axes.includes(name)).map((name) => source("column", name, [name]))
    ]
  }
)

const isNumber = (text: string | undefined): boolean =>
  text === undefined || (text.trim() !== "" && Number.isFinite(Number(text)))

/** Numbers inside the values of arms that share a name. */
const ofValues = Effect.fnUntraced(function*(experiment: string, node: string, nodes: ReadonlyArray<LatestNode>) {
  const store = yield* Store
  const found = new Map<string, Array<ValueSource["arms"][number]>>()
  for (const { label, manifest } of nodes) {
    const { point } = parseArmLabel(label)!
    for (const [path, number] of numbersOf(yield* store.readValue(manifest as ValueManifest))) {
      found.set(path, [...found.get(path) ?? [], { point, number }])
    }
  }
  const axes = [...new Set(nodes.flatMap(({ label }) => Object.keys(parseArmLabel(label)!.point)))]
  return [...found].map(([path, arms]): ValueSource => ({
    kind: "value",
    experiment,
    node,
    name: path.replaceAll(" · ", "."),
    axes,
    numbers: axes.filter((axis) => arms.every(({ point }) => isNumber(point[axis]))),
    columns: axes,
    arms
  }))
})

/** What one experiment left; what was before an edit, and single arms of sweeps, are left out. */
const ofExperiment = Effect.fnUntraced(function*(experiment: string, nodes: ReadonlyArray<LatestNode>) {
  const store = yield* Store
  const tables = tablesByName(store, nodes)
  const labels = nodes.map(({ label }) => label)
  const sources: Array<MetricSource> = []
  for (const named of tables.values()) {
    if (named.name.endsWith("@before") || parseArmLabel(named.name) !== undefined) continue
    sources.push(...(yield* ofTable(experiment, named, tables, labels)))
  }
  const values = nodes.filter(({ label, manifest }) => manifest.kind === "value" && parseArmLabel(label) !== undefined)
  for (const [name, arms] of Map.groupBy(values, ({ label }) => parseArmLabel(label)!.name)) {
    sources.push(...(yield* ofValues(experiment, name, arms)))
  }
  // sweeps first: they are what is plotted most
  return sources.toSorted((a, b) => Number(b.axes.length > 0) - Number(a.axes.length > 0))
})

/**
 * All sources of these nodes, the experiment that ran last first.
 *
 * **Shape**: `nodes` as `latestNodes` gives them. **Fails**: `StoreFailed`.
 */
export const metricSources = Effect.fnUntraced(function*(nodes: ReadonlyArray<LatestNode>) {
  const sources: Array<MetricSource> = []
  for (const [experiment, own] of Map.groupBy(nodes, (node) => node.experiment)) {
    sources.push(...(yield* ofExperiment(experiment, own)))
  }
  return sources as ReadonlyArray<MetricSource>
})
