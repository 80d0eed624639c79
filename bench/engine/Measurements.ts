/**
 * What the workloads measured, and the verdict on it. A figure fails when any of its runs did the wrong work, or when the
 * best of them was too slow.
 */
import type { Use } from "./Command.ts"
import { figures, type FigureSpec, type Sizes } from "./figures.ts"

/** Executions that were counted, and how many are right; `spare` more are allowed after a kill. */
export interface Executions {
  readonly ran: number
  readonly right: number
  readonly spare?: number
}

export interface Measurement {
  /** Undefined where the figure counts none. */
  readonly executions?: Executions
  /** Everything else that was wrong; empty when nothing was. */
  readonly problems: ReadonlyArray<string>
  readonly use: Use | undefined
  /** CPU seconds of the bodies alone. */
  readonly bodiesS?: number
  readonly diskBytes?: number
  /** Worth knowing beside the numbers. */
  readonly note?: string
}

export interface Spread {
  readonly median: number
  readonly best: number
}

/** A figure after all of its runs. Units: seconds, bytes. */
export interface Figure {
  readonly id: string
  readonly what: string
  readonly runs: number
  readonly executions: ReadonlyArray<Executions>
  readonly problems: ReadonlyArray<string>
  readonly notes: ReadonlyArray<string>
  readonly wallS: Spread | undefined
  readonly cpuS: Spread | undefined
  readonly rssBytes: Spread | undefined
  readonly diskBytes: number | undefined
  /** What the limit is on, its best run, and the limit. */
  readonly judged: { readonly measure: string; readonly best: number; readonly atMost: number } | undefined
  readonly rssAtMost: number | undefined
  readonly verdict: "right" | "wrong" | "slow" | "large"
}

const spreadOf = (values: ReadonlyArray<number>): Spread | undefined => {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return {
    median: sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2,
    best: sorted[0]!
  }
}

const wrongCount = ({ ran, right, spare = 0 }: Executions): boolean => ran < right || ran > right + spare

const measures = { wallS: "wall", quietS: "wall less waiting for a core", cpuS: "CPU" }

/** What the limit is on, of one run. */
const judgedOf = (spec: FigureSpec, measurement: Measurement): number | undefined => {
  const { limit } = spec
  if (limit === undefined || measurement.use === undefined) return undefined
  return measurement.use[limit.of] - (limit.beyondBodies === true ? measurement.bodiesS ?? 0 : 0)
}

const summarise = (spec: FigureSpec, sizes: Sizes, runs: ReadonlyArray<Measurement>, timed: boolean): Figure => {
  const uses = runs.flatMap(({ use }) => use ?? [])
  const executions = runs.flatMap((run) => run.executions ?? [])
  const problems = [
    ...executions.filter(wrongCount).map(({ ran, right }) => `${ran} executions where ${right} were right`),
    ...runs.flatMap((run) => run.problems)
  ]
  const { limit, rssAtMost } = spec
  const best = spreadOf(runs.flatMap((run) => judgedOf(spec, run) ?? []))?.best
  const rssBytes = spreadOf(uses.map((use) => use.rssBytes))
  const slow = timed && limit !== undefined && best !== undefined && best > limit.atMost
  const large = timed && rssAtMost !== undefined && rssBytes !== undefined && rssBytes.median > rssAtMost
  return {
    id: spec.id,
    what: spec.what(sizes),
    runs: runs.length,
    executions,
    problems: [...new Set(problems)],
    notes: [...new Set(runs.flatMap(({ note }) => note ?? []))],
    wallS: spreadOf(uses.map((use) => use.wallS)),
    cpuS: spreadOf(uses.map((use) => use.cpuS)),
    rssBytes,
    diskBytes: runs.findLast((run) => run.diskBytes !== undefined)?.diskBytes,
    judged: limit === undefined || best === undefined
      ? undefined
      : {
        measure: measures[limit.of] + (limit.beyondBodies === true ? " beyond the bodies" : ""),
        best,
        atMost: limit.atMost
      },
    rssAtMost,
    verdict: problems.length > 0 ? "wrong" : slow ? "slow" : large ? "large" : "right"
  }
}

export class Measurements {
  readonly #runs = new Map<string, Array<Measurement>>()

  /** Adds one run of a figure. */
  add(id: string, measurement: Measurement): void {
    if (!figures.some((each) => each.id === id)) throw new Error(`there is no figure ${id}`)
    const runs = this.#runs.get(id)
    if (runs === undefined) this.#runs.set(id, [measurement])
    else runs.push(measurement)
  }

  /** All figures that were measured, in their order; `timed` says whether limits count. */
  figures(sizes: Sizes, timed: boolean): ReadonlyArray<Figure> {
    return figures.flatMap((spec) => {
      const runs = this.#runs.get(spec.id)
      return runs === undefined ? [] : [summarise(spec, sizes, runs, timed)]
    })
  }
}
