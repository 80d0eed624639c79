/**
 * Which source a metric's name means, and what the lines of its plot are. A name that fits nothing, or too much, is
 * answered with what can be plotted.
 */
import { didYouMean } from "../../runtime/nearestName.ts"
import type { MetricSource } from "./metricSources.ts"
import { PlotRefused } from "./PlotRefused.ts"

export interface MetricQuestion {
  /** `attackSuccess`, or with its node: `scores:verifySft.attackSuccess`. */
  readonly metric: string
  readonly x: string
  /** Columns or axes that tell lines apart. */
  readonly by: ReadonlyArray<string>
}

/** The axis over which repetitions are pooled. */
export const seedAxis = "seed"

/** Names of one kind that are listed of a node. */
const namesListed = 12

export const fullName = ({ name, node }: MetricSource): string => `${node}.${name}`

const short = (names: ReadonlyArray<string>): string =>
  names.length <= namesListed ? names.join(", ") : `${names.slice(0, namesListed).join(", ")}, … (${names.length})`

/** What can be plotted: for each node its metrics, and what may stand at the x axis. Lines without colour. */
export const plottable = (sources: ReadonlyArray<MetricSource>): ReadonlyArray<string> => {
  const nodes = Map.groupBy(sources, ({ experiment, node }) => `${node}\n${experiment}`)
  const several = new Set(sources.map(({ experiment }) => experiment)).size > 1
  return [...nodes.values()].flatMap((own) => {
    const [first] = own as [MetricSource]
    const from = several ? `  (${first.experiment})` : ""
    const columns = [...new Set(own.flatMap((source) => [...source.axes, ...source.columns]))]
    return [
      `${first.node}${from}`,
      `  metrics: ${short(own.map(({ name }) => name))}`,
      first.axes.length > 0
        ? `  axes: ${first.axes.join(", ")}${
          first.kind === "value" ? "" : `; columns: ${short(columns.filter((name) => !first.axes.includes(name)))}`
        }`
        : `  columns: ${short(columns)}`
    ]
  })
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const knownMetric = (sources: ReadonlyArray<MetricSource>, metric: string): ReadonlyArray<MetricSource> => {
  const whole = sources.filter((source) => same(fullName(source), metric))
  const found = whole.length > 0 ? whole : sources.filter(({ name }) => same(name, metric))
  if (found.length > 0) return found
  const names = [...new Set([...sources.map(({ name }) => name), ...sources.map(fullName)])]
  throw new PlotRefused({
    reason: `nothing that can be plotted is called ${metric}`,
    next: `${didYouMean(metric, names)}\`pipeline plot\` lists what can be plotted; nodes: ${
      short([...new Set(sources.map(({ node }) => node))]) || "none yet"
    }`
  })
}

/** Two sources of one experiment and one name: the question does not say which. */
const onlyOne = (found: ReadonlyArray<MetricSource>, metric: string): MetricSource => {
  const [first] = found as [MetricSource]
  const rivals = found.filter(({ experiment }) => experiment === first.experiment)
  if (rivals.length === 1) return first
  throw new PlotRefused({
    reason: `${metric} is in several nodes`,
    next: `say which: ${short([...new Set(rivals.map(fullName))])}`
  })
}

/**
 * The source that is meant, of the experiment that ran last among those that have it with such an x axis.
 *
 * **Fails**: throws `PlotRefused` for a metric, an axis or a column that is not there, and where several nodes could be
 * meant.
 */
export const resolveMetric = (
  sources: ReadonlyArray<MetricSource>,
  { by, metric, x }: MetricQuestion
): MetricSource => {
  const found = knownMetric(sources, metric)
  const withX = found.filter(({ columns }) => columns.includes(x))
  if (withX.length === 0) {
    const columns = [...new Set(found.flatMap((source) => source.columns))]
    throw new PlotRefused({
      reason: `${metric} has no axis or column ${x}`,
      next: `${didYouMean(x, columns)}it has: ${columns.join(", ") || "none"}`
    })
  }
  const inSweep = withX.filter(({ axes }) => axes.includes(x))
  const source = onlyOne(inSweep.length > 0 ? inSweep : withX, metric)
  const unknown = by.find((name) => !source.columns.includes(name) || name === x)
  if (unknown !== undefined) {
    const columns = source.columns.filter((name) => name !== x)
    throw new PlotRefused({
      reason: unknown === x
        ? `${x} is the x axis, lines cannot be told apart by it`
        : `${fullName(source)} has no column ${unknown}`,
      next: `${didYouMean(unknown, columns)}--by takes: ${columns.join(", ") || "nothing here"}`
    })
  }
  return source
}
