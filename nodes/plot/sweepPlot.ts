/**
 * A sweep over one number as a picture and as a table: attack success against the number, all sets together and one set
 * apart. What the points are is in `sweepPoints.ts`, how lines are drawn in `linePlot.ts`.
 */
import { absent, percent, percentRange, points as difference, pointsRange, range } from "../report/formatShare.ts"
import { markdownTable, markdownText } from "../report/markdownTable.ts"
import { linePlot, type Series } from "./linePlot.ts"
import { svgToPng } from "./svgToPng.ts"
import {
  type Monotonicity,
  type Rate,
  type SweepArm,
  type SweepPoint,
  type SweepPoints,
  sweepPoints
} from "./sweepPoints.ts"

export interface SweepOptions {
  readonly title: string
  /** The axis of the sweep; `percent`: its values are shares. */
  readonly x: { readonly label: string; readonly percent: boolean }
  /** The set of prompts that gets a line of its own, and how it is called. */
  readonly set: { readonly name: string; readonly title: string }
}

export interface SweepPlot {
  readonly svg: string
  readonly png: Uint8Array
  readonly points: SweepPoints
  /** A table of the points and a sentence on whether they fall. */
  readonly markdown: string
}

/**
 * Draws a sweep: bands are Wilson's 95 % intervals over pooled seeds, dots are single seeds where there are several.
 *
 * **Fails**: rejects with `RangeError` as `sweepPoints` does.
 */
export const sweepPlot = async (arms: ReadonlyArray<SweepArm>, options: SweepOptions): Promise<SweepPlot> => {
  const points = sweepPoints(arms, { set: options.set.name })
  const svg = await sweepSvg(points, options)
  return { svg, png: await svgToPng(svg), points, markdown: sweepMarkdown(points, options) }
}

const lineOf = (
  label: string,
  points: ReadonlyArray<SweepPoint>,
  of: (point: SweepPoint) => Rate,
  seedShare: (seed: SweepPoint["bySeed"][number]) => number
): Series => ({
  label,
  x: points.map(({ x }) => x),
  y: points.map((point) => of(point).share!),
  lo: points.map((point) => of(point).wilson.lo),
  hi: points.map((point) => of(point).wilson.hi),
  dots: points.flatMap(({ bySeed, x }) => bySeed.length < 2 ? [] : bySeed.map((seed) => ({ x, y: seedShare(seed) })))
})

const sweepSvg = ({ points }: SweepPoints, { set, title, x }: SweepOptions): Promise<string> => {
  const values = points.map((point) => point.x)
  const seeds = Math.max(...points.map((point) => point.seeds.length))
  const [low, high] = [values[0]!, values.at(-1)!]
  const apart = points[0]!.attackSuccessOnSet !== null
  const answers = range(points.map(({ attackSuccess }) => attackSuccess.n))
  return linePlot({
    title,
    subtitle: `Bands: 95 % Wilson intervals${seeds > 1 ? `, ${seeds} seeds pooled; dots: single seeds` : ""}. `
      + `${answers} answers a point.`,
    x: { ...x, domain: low === high ? [low - 0.5, high + 0.5] : [Math.min(0, low), high], ticks: values },
    y: { label: "Attack success", percent: true, domain: [0, 1], ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] },
    series: [
      lineOf("all attack sets", points, ({ attackSuccess }) => attackSuccess, ({ all }) => all),
      ...(apart
        ? [lineOf(set.title, points, ({ attackSuccessOnSet }) => attackSuccessOnSet!, ({ onSet }) => onSet!)]
        : [])
    ]
  })
}

const shown = (x: number, isPercent: boolean): string => isPercent ? `${Number((100 * x).toFixed(4))} %` : `${x}`

const rateCell = (rate: Rate | null): string =>
  rate === null || rate.share === null ? absent : `${percent(rate.share)} (${percentRange(rate.wilson)})`

const steps = ({ falling, rises }: Monotonicity, name: string, isPercent: boolean): string => {
  if (falling) return `${name}: attack success never rises from one point to the next.`
  const each = rises.map(({ beyondNoise, from, interval, to, ...rise }) =>
    `from ${shown(from, isPercent)} to ${shown(to, isPercent)} by ${difference(rise.difference)} points [${
      interval === null ? absent : pointsRange(interval)
    }], ${beyondNoise ? "beyond the noise of topics" : "within the noise of topics"}`
  )
  return `${name}: attack success rises ${each.join("; ")}.`
}

/** The points as a Markdown table, and whether attack success falls with every step. */
export const sweepMarkdown = ({ monotonicity, points }: SweepPoints, { set, x }: SweepOptions): string => {
  const rightColumns = ["n", "attack success ↓", markdownText(`${set.title} ↓`), "over-refusal ↓", "other ↓"]
  return [
    "Percent of answers, in ( ) Wilson's 95 % interval; sets are pooled unless one is named. "
    + `n: answers to attacks. Seeds pooled in a point: ${range(points.map(({ seeds }) => seeds.length))}.`,
    markdownTable(
      [{ header: markdownText(x.label) }, ...rightColumns.map((header) => ({ header, align: "right" as const }))],
      points.map((point) => [
        shown(point.x, x.percent),
        `${point.attackSuccess.n}`,
        rateCell(point.attackSuccess),
        rateCell(point.attackSuccessOnSet),
        rateCell(point.overRefusal),
        rateCell(point.other)
      ]),
      { padded: true }
    ),
    monotonicity.map((one) => steps(one, one.of === "all" ? "All attack sets" : markdownText(set.title), x.percent))
      .join(" ")
  ].join("\n\n")
}
