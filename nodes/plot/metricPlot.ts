/**
 * A metric along an axis as a picture: a line for each group, its 95 % band, a dot for each seed, names at the ends of
 * lines. What the points are is in `metricPoints.ts`, how lines are drawn in `linePlot.ts`.
 */
import { cutMiddle } from "../../runtime/terminal/text.ts"
import { linePlot, type Series } from "./linePlot.ts"
import type { MetricLine, MetricPoint } from "./metricPoints.ts"
import { PlotRefused } from "./PlotRefused.ts"

export interface MetricPlotOptions {
  readonly title: string
  readonly metric: string
  /** A share of answers: drawn in percent, from 0 to 100. */
  readonly isRate: boolean
  readonly x: string
}

/** More lines cannot be told apart. */
const mostLines = 12

/** Characters of a line's name that fit beside the plot. */
const labelWidth = 26

/** Ticks that stand at the values themselves. */
const mostTicks = 9

const seriesOf = ({ line, points }: MetricLine, metric: string): Series => {
  const banded = points.some(({ interval }) => interval !== null)
  return {
    label: cutMiddle(line === "" ? metric : line, labelWidth),
    x: points.map(({ x }) => x),
    y: points.map(({ value }) => value),
    ...(banded
      ? { lo: points.map(({ interval }) => interval?.lo ?? NaN), hi: points.map(({ interval }) => interval?.hi ?? NaN) }
      : {}),
    dots: points.flatMap(({ seeds, x }) => seeds.map(({ value }) => ({ x, y: value })))
  }
}

const range = (numbers: ReadonlyArray<number>): string => {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  return least === most
    ? least.toLocaleString("en-US")
    : `${least.toLocaleString("en-US")}–${most.toLocaleString("en-US")}`
}

/** What the bands and the dots are. */
const subtitle = (points: ReadonlyArray<MetricPoint>, isRate: boolean): string => {
  const seeds = Math.max(...points.map((point) => point.seeds.length))
  const n = `${range(points.map((point) => point.n))} ${isRate ? "answers" : "rows"} a point.`
  if (isRate) {
    return `Bands: 95 % Wilson intervals${seeds > 0 ? `, ${seeds} seeds pooled; dots: single seeds` : ""}. ${n}`
  }
  if (seeds > 0) return `Bands: 95 % Student intervals over ${seeds} seeds; dots: single seeds. ${n}`
  return points.some(({ interval }) => interval !== null) ? `Bands: 95 % intervals of the mean over rows. ${n}` : n
}

const axisOf = (label: string, values: ReadonlyArray<number>) => {
  const distinct = [...new Set(values)].sort((a, b) => a - b)
  const [low, high] = [distinct[0]!, distinct.at(-1)!]
  return {
    label,
    domain: low === high ? [low - 0.5, high + 0.5] as const : [low, high] as const,
    ...(distinct.length <= mostTicks ? { ticks: distinct } : {})
  }
}

/**
 * Draws. **Fails**: rejects with `PlotRefused` for no lines or more than twelve.
 */
export const metricPlot = async (lines: ReadonlyArray<MetricLine>, options: MetricPlotOptions): Promise<string> => {
  if (lines.length === 0) {
    throw new PlotRefused({
      reason: "no rows are left to plot",
      next: "check --where, and whether the experiment has run"
    })
  }
  if (lines.length > mostLines) {
    throw new PlotRefused({
      reason: `${lines.length} lines cannot be told apart; at most ${mostLines} can`,
      next: "leave out a --by, or narrow the rows with --where"
    })
  }
  const { isRate, metric, title, x } = options
  const points = lines.flatMap((line) => line.points)
  return linePlot({
    title,
    subtitle: subtitle(points, isRate),
    x: axisOf(x, points.map((point) => point.x)),
    y: isRate
      ? { label: metric, percent: true, domain: [0, 1], ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] }
      : { label: metric },
    series: lines.map((line) => seriesOf(line, metric))
  })
}
