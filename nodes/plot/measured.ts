/**
 * What a source measures, aggregated as far as its plot needs: DuckDB adds up rows, so that a million of them never
 * become objects. Which source it is, `resolveMetric.ts` has found out.
 */
import * as Effect from "effect/Effect"
import { SqlRefused } from "../../cache/Duck.ts"
import { quoteName, quoteText } from "../../cache/duck/connect.ts"
import { select } from "../../runtime/query/select.ts"
import { categoryPrefix } from "../report/sinternalMeasures.ts"
import type { Measured } from "./metricPoints.ts"
import type { TableSource, ValueSource } from "./metricSources.ts"
import { PlotRefused } from "./PlotRefused.ts"
import { fullName, seedAxis } from "./resolveMetric.ts"

export interface Aggregation {
  readonly x: string
  readonly by: ReadonlyArray<string>
  /** A condition in SQL that rows must fulfil. */
  readonly where: string | undefined
}

/** Between the values of several columns that tell lines apart. */
const separator = ", "

const usesSeeds = ({ axes, columns }: TableSource | ValueSource, { by, x }: Aggregation): boolean =>
  (axes.includes(seedAxis) || columns.includes(seedAxis)) && x !== seedAxis && !by.includes(seedAxis)

const conditions = (source: TableSource, { where, x }: Aggregation): ReadonlyArray<string> => [
  `${quoteName(x)} is not null`,
  ...(source.kind === "rate"
    ? [`metric = ${quoteText(source.name)}`]
    : [`isfinite(${quoteName(source.name)}::double)`]),
  // these answers are in other sets already; whoever says which sets means just those
  ...(source.kind === "rate" && source.columns.includes("set") && !/\bset\b/iu.test(where ?? "")
    ? [`not starts_with("set", ${quoteText(categoryPrefix)})`]
    : []),
  ...(where === undefined ? [] : [`(${where})`])
]

const statementOf = (source: TableSource, asked: Aggregation): string => {
  const lines = asked.by.map((name) => `coalesce(${quoteName(name)}::varchar, 'null')`)
  const value = quoteName(source.name)
  const measures = source.kind === "rate"
    ? ["sum(hits)::double as hits", "null::double as deviation", "sum(n)::double as n"]
    : [`avg(${value}::double) as mean`, `stddev_samp(${value}::double) as deviation`, "count(*)::double as n"]
  return [
    `select ${quoteName(asked.x)}::double as x`,
    lines.length === 0 ? "'' as line" : `concat_ws(${quoteText(separator)}, ${lines.join(", ")}) as line`,
    usesSeeds(source, asked) ? `${quoteName(seedAxis)}::varchar as seed` : "null::varchar as seed",
    ...measures
  ].join(", ") +
    ` from ${quoteName(source.node)} where ${conditions(source, asked).join(" and ")}` +
    " group by x, line, seed having n > 0 order by x, line, seed"
}

/** Axes of a sweep over which the plot would average in silence. */
const leftAxes = ({ axes }: TableSource | ValueSource, { by, x }: Aggregation): ReadonlyArray<string> =>
  axes.filter((axis) => axis !== x && axis !== seedAxis && !by.includes(axis))

const refuseLeft = (axis: string, values: number): PlotRefused =>
  new PlotRefused({
    reason: `the sweep also has ${values} values of ${axis}, which a plot must not mix`,
    next: `tell lines apart with --by ${axis}, or choose one value with --where`
  })

const selecting = (source: TableSource, asked: Aggregation, statement: string) =>
  select(statement, source.tables).pipe(
    Effect.catchIf((error) => error instanceof SqlRefused, (error) =>
      Effect.fail(
        new PlotRefused({
          reason: asked.where === undefined ? error.reason : `--where ${asked.where}: ${error.reason}`,
          next: error.nearest === undefined
            ? `columns: ${source.schema.map(({ name }) => name).join(", ")}`
            : `did you mean ${error.nearest}?`
        })
      ))
  )

const checkLeft = Effect.fnUntraced(function*(source: TableSource, asked: Aggregation) {
  const left = leftAxes(source, asked)
  if (left.length === 0) return
  const counts = left.map((axis, i) => `count(distinct ${quoteName(axis)})::integer as c${i}`).join(", ")
  const where = conditions(source, asked).join(" and ")
  const { columns } = yield* selecting(source, asked, `select ${counts} from ${quoteName(source.node)} where ${where}`)
  for (const [i, axis] of left.entries()) {
    const values = Number(columns[`c${i}`]![0])
    if (values > 1) return yield* refuseLeft(axis, values)
  }
})

const ofTable = Effect.fnUntraced(function*(source: TableSource, asked: Aggregation) {
  yield* checkLeft(source, asked)
  const { columns, rows } = yield* selecting(source, asked, statementOf(source, asked))
  return Array.from({ length: rows }, (_, i): Measured => {
    const at = (name: string) => columns[name]![i]!
    const deviation = at("deviation")
    return {
      line: String(at("line")),
      x: Number(at("x")),
      seed: at("seed") === null ? null : String(at("seed")),
      n: Number(at("n")),
      of: source.kind === "rate"
        ? { kind: "rate", hits: Number(at("hits")) }
        : { kind: "mean", mean: Number(at("mean")), deviation: deviation === null ? null : Number(deviation) }
    }
  })
})

const ofArms = (source: ValueSource, asked: Aggregation): ReadonlyArray<Measured> => {
  if (asked.where !== undefined) {
    throw new PlotRefused({ reason: `${fullName(source)} is no table`, next: "leave --where out, or use --by" })
  }
  for (const axis of leftAxes(source, asked)) {
    const values = new Set(source.arms.map(({ point }) => point[axis])).size
    if (values > 1) throw refuseLeft(axis, values)
  }
  const seeds = usesSeeds(source, asked)
  return source.arms.flatMap(({ number, point }): ReadonlyArray<Measured> => {
    const text = point[asked.x]
    if (text === undefined) return []
    return [{
      line: asked.by.map((axis) => point[axis] ?? "null").join(separator),
      x: Number(text),
      seed: seeds ? point[seedAxis] ?? null : null,
      n: 1,
      of: { kind: "mean", mean: number, deviation: null }
    }]
  })
}

/**
 * The measurements of a source, by x, line and seed.
 *
 * **Fails**: `PlotRefused` where axes would be mixed, and for a condition that DuckDB refuses; `StoreFailed`.
 */
export const measured = (source: TableSource | ValueSource, asked: Aggregation) =>
  source.kind === "value"
    ? Effect.try({ try: () => ofArms(source, asked), catch: (error) => error as PlotRefused })
    : ofTable(source, asked)
