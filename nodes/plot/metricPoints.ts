/**
 * Measurements as the points of lines: repetitions pooled, each point with its interval. Pure; where measurements come
 * from is in `measured.ts`, drawing in `metricPlot.ts`.
 *
 * Rates have Wilson's interval over all their answers. Means over several seeds have Student's interval over the seeds'
 * means; with one seed, the normal interval over its rows. All take what they count as independent.
 */
import type { Interval } from "../maths/Interval.ts"
import { seedInterval } from "../maths/seedInterval.ts"
import { wilson } from "../maths/wilson.ts"

/** What one seed measured at one point of one line: `hits` of `n`, or a mean over `n` rows. */
export interface Measured {
  /** What tells the line apart; empty where there is one line. */
  readonly line: string
  readonly x: number
  /** null where nothing was repeated. */
  readonly seed: string | null
  /** Rows, or answers of a rate. */
  readonly n: number
  readonly of:
    | { readonly kind: "rate"; readonly hits: number }
    /** `deviation`: between rows (n - 1); null with one row. */
    | { readonly kind: "mean"; readonly mean: number; readonly deviation: number | null }
}

export interface MetricPoint {
  readonly x: number
  readonly value: number
  /** 95 %; null where nothing says how sure the value is. */
  readonly interval: Interval | null
  readonly n: number
  readonly seeds: ReadonlyArray<{ readonly seed: string; readonly value: number }>
}

export interface MetricLine {
  readonly line: string
  /** By ascending x. */
  readonly points: ReadonlyArray<MetricPoint>
}

/** The 97.5 % quantile of the standard normal distribution. */
const z95 = 1.959963984540054

const valueOf = ({ n, of }: Measured): number => of.kind === "rate" ? of.hits / n : of.mean

const hitsOf = ({ of }: Measured): number => of.kind === "rate" ? of.hits : 0

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, number) => total + number, 0)

const interval = (measured: ReadonlyArray<Measured>, n: number): Interval | null => {
  const [first] = measured as [Measured]
  if (first.of.kind === "rate") return wilson({ hits: sum(measured.map(hitsOf)), n })
  if (measured.length > 1) return seedInterval(measured.map(valueOf)).interval
  if (first.of.deviation === null) return null
  const half = z95 * first.of.deviation / Math.sqrt(n)
  return { lo: first.of.mean - half, hi: first.of.mean + half }
}

const pointOf = (x: number, measured: ReadonlyArray<Measured>): MetricPoint => {
  const n = sum(measured.map((each) => each.n))
  const isRate = measured[0]!.of.kind === "rate"
  const seeds = measured.flatMap((each) => each.seed === null ? [] : [{ seed: each.seed, value: valueOf(each) }])
  return {
    x,
    value: isRate ? sum(measured.map(hitsOf)) / n : sum(measured.map(valueOf)) / measured.length,
    interval: interval(measured, n),
    n,
    seeds: seeds.length > 1 ? seeds : []
  }
}

/**
 * The lines in the order in which they are first met.
 *
 * **Shape**: of one kind; at most one measurement for a line, x and seed; `n` above 0.
 */
export const metricPoints = (measured: ReadonlyArray<Measured>): ReadonlyArray<MetricLine> =>
  [...Map.groupBy(measured, ({ line }) => line)].map(([line, own]) => ({
    line,
    points: [...Map.groupBy(own, ({ x }) => x)].sort(([a], [b]) => a - b).map(([x, at]) => pointOf(x, at))
  }))
