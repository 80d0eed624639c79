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

/** What can be plotted: for each node its metrics, the x axes and what tells lines apart. Lines without colour. */
export const plottable = (sources: ReadonlyArray<MetricSource>): ReadonlyArray<string> => {
  const possible = sources.filter(({ numbers }) => numbers.length > 0)
  if (possible.length === 0) return ["nothing yet: no node has numbers along an axis of numbers"]
  const several = new Set(possible.map(({ experiment }) => experiment)).size > 1
  return [...Map.groupBy(possible, ({ experiment, node }) => `${node}\n${experiment}`).values()].flatMap((own) => {
    const [first] = own as [MetricSource]
    const xs = [...new Set(own.flatMap(({ numbers }) => numbers))]
    const others = [...new Set(own.flatMap(({ columns }) => columns))].filter((name) => !xs.includes(name))
    return [
      several ? `${first.node}  (${first.experiment})` : first.node,
      `  ${short(own.map(({ name }) => name))}`,
      `  --x ${short(xs)}${others.length === 0 ? "" : `  --by ${short(others)}`}`
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
  const numbers = withX.filter((source) => source.numbers.includes(x))
  if (numbers.length === 0) {
    throw new PlotRefused({
      reason: `${x} holds no numbers, which an x axis needs`,
      next: `tell lines apart with --by ${x}; --x takes: ${short(withX[0]!.numbers) || "nothing of this node"}`
    })
  }
  const inSweep = numbers.filter(({ axes }) => axes.includes(x))
  const possible = inSweep.length > 0 ? inSweep : numbers
  const withBy = possible.filter(({ columns }) => by.every((name) => columns.includes(name)))
  const source = onlyOne(withBy.length > 0 ? withBy : possible, metric)
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
