/**
 * A line plot as an SVG text, without a browser: lines with points, an optional band around each, dots for single
 * seeds, and each line named at its end instead of in a legend. The same text goes into notebooks, files and the web
 * page; for PNG see `svgToPng.ts`.
 */
import type * as Plot from "@observablehq/plot"
import { spreadLabels } from "./spreadLabels.ts"

export interface Series {
  /** Written beside the end of the line. */
  readonly label: string
  /** One value per point, in the order in which the line is drawn. Shares (0 to 1) on a percent axis. */
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
  /** The band around the line, together or not at all; NaN where a point has none. */
  readonly lo?: ArrayLike<number>
  readonly hi?: ArrayLike<number>
  /** Single measurements, for example one per seed. */
  readonly dots?: ReadonlyArray<{ readonly x: number; readonly y: number }>
}

export interface Axis {
  /** With its unit, for example `steps` or `reward (share of answers)`; a percent axis adds ` (%)`. */
  readonly label: string
  /** The values are shares; ticks show percent. */
  readonly percent?: boolean
  readonly domain?: readonly [from: number, to: number]
  readonly ticks?: ReadonlyArray<number>
}

export interface LinePlot {
  readonly title: string
  /** A second line, for example what the band is and the number of answers. */
  readonly subtitle?: string
  readonly x: Axis
  readonly y: Axis
  readonly series: ReadonlyArray<Series>
  /** Pixels; 720 by 440 unless told. */
  readonly width?: number
  readonly height?: number
}

/** The hues of Okabe and Ito (2008), told apart with every common colour blindness, darkened to 4.5 : 1 on white. */
const colours = ["#0072b2", "#b84a00", "#007a59", "#a8437f", "#806000", "#5b6472", "#000000"]

/** Lines with more points are drawn without circles, which would hide them. */
const mostPoints = 40

const ink = "#1f2430"
const dim = "#5b6472"
const fontSize = 12
/** Mean width of a character of bold DejaVu Sans at this size, pixels, rounded up. */
const characterWidth = 8

/** Room on the left for ticks as short as those of most plots. Unit: pixels. */
const leastLeft = 64

const check = ({ hi, label, lo, x, y }: Series): void => {
  const lengths = [x, y, lo ?? x, hi ?? x].map((values) => values.length)
  if (lengths.some((length) => length !== x.length) || x.length === 0 || (lo === undefined) !== (hi === undefined)) {
    throw new RangeError(
      `line ${label}: x, y, lo and hi have ${
        lengths.join(", ")
      } values; give as many of each, at least one, and lo with hi`
    )
  }
}

const colourOf = (position: number): string => colours[position % colours.length]!

/** Bands, then lines, then dots: no band lies over the line of another series, no circle over a dot. */
const marks = (plot: typeof Plot, series: ReadonlyArray<Series>): ReadonlyArray<Plot.Markish> => {
  const drawn = series.map(({ dots = [], hi, lo, x, y }, i) => ({
    banded: lo !== undefined,
    colour: colourOf(i),
    dots,
    points: Array.from(x, (value, j) => ({ x: value, y: y[j]!, lo: lo?.[j], hi: hi?.[j] }))
  }))
  return [
    ...drawn.filter(({ banded }) => banded).map(({ colour, points }) =>
      plot.areaY(points, { x: "x", y1: "lo", y2: "hi", fill: colour, fillOpacity: 0.13 })
    ),
    ...drawn.map(({ colour, points }) => plot.lineY(points, { x: "x", y: "y", stroke: colour, strokeWidth: 2 })),
    ...drawn.filter(({ points }) => points.length <= mostPoints).map(({ colour, points }) =>
      plot.dot(points, { x: "x", y: "y", fill: "#fff", stroke: colour, strokeWidth: 2, r: 3.5 })
    ),
    ...drawn.map(({ colour, dots }) => plot.dot(dots, { x: "x", y: "y", fill: colour, fillOpacity: 0.45, r: 2.5 }))
  ]
}

/** The name of each line beside its last point, moved up or down where names would touch. */
const endLabels = (
  plot: typeof Plot,
  series: ReadonlyArray<Series>,
  toPixel: (y: number) => number,
  room: { readonly from: number; readonly to: number }
): ReadonlyArray<Plot.Markish> => {
  const ends = series.map(({ y }) => toPixel(y[y.length - 1]!))
  const placed = spreadLabels(ends, { distance: 16, ...room })
  return series.map(({ label, x, y }, i) =>
    plot.text([{ x: x[x.length - 1]!, y: y[y.length - 1]! }], {
      x: "x",
      y: "y",
      text: () => label,
      textAnchor: "start",
      dx: 10,
      dy: placed[i]! - ends[i]!,
      fill: colourOf(i),
      fontWeight: "bold"
    })
  )
}

/** A number without the noise of binary fractions. */
const tickText = (tick: number): string => `${Number(tick.toPrecision(6))}`

const scaleOf = ({ domain, label, percent = false, ticks }: Axis): Plot.ScaleOptions => ({
  label: percent ? `${label} (%)` : label,
  labelAnchor: "center",
  labelArrow: "none",
  percent,
  nice: domain === undefined,
  // Plot scales the data of a percent axis but not what is said about the axis.
  ...(domain === undefined ? {} : { domain: domain.map((end) => percent ? 100 * end : end) }),
  // Each as it is: Plot would write 0.05 as 0.1 beside 0.5.
  ...(ticks === undefined
    ? {}
    : { ticks: ticks.map((tick) => percent ? 100 * tick : tick), tickFormat: (tick: number) => tickText(tick) })
})

/** As much of a drawn plot as is looked at. */
interface Drawn {
  readonly querySelectorAll: (selector: string) => Iterable<{ readonly textContent: string | null }>
}

/** Room for the ticks of the y axis and the label beside them. Unit: pixels. */
const leftOf = (sketch: Drawn): number => {
  const ticks = [...sketch.querySelectorAll("[aria-label=\"y-axis tick label\"] text")]
  return ticks.reduce((most, { textContent }) => Math.max(most, 34 + textContent!.length * characterWidth), leastLeft)
}

const showsZero = ({ domain: [from, to] = [0, 0] }: Axis): boolean => Math.min(from, to) <= 0 && Math.max(from, to) >= 0

/**
 * Draws the plot. The y axis starts at 0 unless values are negative or a domain is given.
 *
 * **Fails**: rejects with `RangeError` where the lists of a series differ in length or are empty.
 */
export const linePlot = async (options: LinePlot): Promise<string> => {
  const { height = 440, series, subtitle, title, width = 720 } = options
  series.forEach(check)
  const [plot, { DOMParser }] = await Promise.all([import("@observablehq/plot"), import("linkedom")])
  // An SVG document: linkedom leaves `<` and `&` as they are in the attributes of an HTML one.
  const document = new DOMParser().parseFromString("<svg/>", "image/svg+xml")
  const longest = series.reduce((most, { label }) => Math.max(most, label.length), 0)
  const margins = {
    marginTop: subtitle === undefined ? 44 : 62,
    marginRight: Math.min(width / 3, 20 + longest * characterWidth),
    marginBottom: 50
  }
  const heading = (text: string, left: number, dy: number, style: Plot.TextOptions) =>
    plot.text([text], { frameAnchor: "top-left", dx: 8 - left, dy: dy - margins.marginTop, ...style })
  const draw = (labels: ReadonlyArray<Plot.Markish>, left: number) =>
    plot.plot({
      document: document as unknown as NonNullable<Plot.PlotOptions["document"]>,
      width,
      height,
      ...margins,
      marginLeft: left,
      style: {
        fontFamily: "DejaVu Sans, system-ui, sans-serif",
        fontSize: `${fontSize}px`,
        background: "#fff",
        color: ink
      },
      x: { ...scaleOf(options.x), labelOffset: 40 },
      y: { ...scaleOf(options.y), labelOffset: left - 12, grid: true, zero: options.y.domain === undefined },
      marks: [
        heading(title, left, 8, { fontSize: 15, fontWeight: "bold" }),
        ...(subtitle === undefined ? [] : [heading(subtitle, left, 30, { fill: dim })]),
        plot.ruleY(showsZero(options.y) ? [0] : [], { stroke: dim }),
        ...marks(plot, series),
        ...labels
      ]
    })
  // Where the lines end and how long ticks are is known once the scales are, so the plot is drawn twice.
  const sketch = draw([], leastLeft)
  const scale = sketch.scale("y")!
  const factor = options.y.percent === true ? 100 : 1
  const room = { from: margins.marginTop, to: height - margins.marginBottom }
  const figure = draw(endLabels(plot, series, (y) => scale.apply(factor * y) as number, room), leftOf(sketch))
  figure.setAttribute("xmlns", "http://www.w3.org/2000/svg")
  figure.setAttribute("role", "img")
  figure.setAttribute("aria-label", title)
  return figure.outerHTML
}
