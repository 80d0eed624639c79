/**
 * What the rounds measured, and the verdict on it. Ratios are taken within a round, whose units ran one after the other,
 * so that what else the machine does weighs on both sides; the median of the rounds is judged.
 */
import { figures, type FigureSpec, type Limit } from "./figures.ts"
import type { Unit } from "./Side.ts"

/** One round of a figure. */
export interface Round {
  readonly ours: Unit
  readonly theirs?: Unit
  /** Part of the measured peak. */
  readonly share?: number
  /** Resident memory afterwards over that before. */
  readonly kept?: number
  /** Milliseconds. */
  readonly blockedMs?: number
  /** What was wrong; empty when nothing was. */
  readonly problems?: ReadonlyArray<string>
}

export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** A limit and what was measured of it. */
export interface Judged {
  readonly limit: Limit
  readonly value: number
  readonly kept: boolean
}

export interface Figure {
  readonly id: string
  readonly what: string
  readonly rounds: number
  readonly ours: Use
  readonly theirs: Use | undefined
  readonly wallRatio: Spread | undefined
  readonly cpuRatio: Spread | undefined
  readonly share: Spread | undefined
  readonly notes: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
  readonly judged: ReadonlyArray<Judged>
  readonly pass: boolean
}

/** One side's rounds. Units: seconds, bytes. */
export interface Use {
  readonly wallS: Spread
  readonly cpuS: Spread
  readonly rssBytes: number
}

export const spreadOf = (values: ReadonlyArray<number>): Spread => {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
  return { median, least: sorted[0]!, most: sorted.at(-1)! }
}

const maybeSpread = (values: ReadonlyArray<number>): Spread | undefined =>
  values.length === 0 ? undefined : spreadOf(values)

const useOf = (units: ReadonlyArray<Unit>): Use => ({
  wallS: spreadOf(units.map(({ wallS }) => wallS)),
  cpuS: spreadOf(units.map(({ cpuS }) => cpuS)),
  rssBytes: Math.max(...units.map(({ rssBytes }) => rssBytes))
})

const summarise = (
  { id, limits, what }: FigureSpec,
  rounds: ReadonlyArray<Round>,
  notes: ReadonlyArray<string>,
  timed: boolean
): Figure => {
  const theirs = rounds.flatMap((round) => round.theirs ?? [])
  const ratios = (of: "wallS" | "cpuS") =>
    maybeSpread(rounds.flatMap((round) => round.theirs === undefined ? [] : [round.theirs[of] / round.ours[of]]))
  const ours = useOf(rounds.map((round) => round.ours))
  const wallRatio = ratios("wallS")
  const cpuRatio = ratios("cpuS")
  const share = maybeSpread(rounds.flatMap((round) => round.share ?? []))
  const values = {
    wallRatio: wallRatio?.median,
    cpuRatio: cpuRatio?.median,
    share: share?.median,
    // other work only ever adds
    wallS: ours.wallS.least,
    rssBytes: ours.rssBytes,
    kept: maybeSpread(rounds.flatMap((round) => round.kept ?? []))?.median,
    blockedMs: maybeSpread(rounds.flatMap((round) => round.blockedMs ?? []))?.least
  }
  const judged = limits.map((limit) => {
    const value = values[limit.of] ?? NaN
    const kept = value >= (limit.atLeast ?? -Infinity) && value <= (limit.atMost ?? Infinity)
    return { limit, value, kept }
  })
  const problems = [...new Set(rounds.flatMap((round) => round.problems ?? []))]
  return {
    id,
    what,
    rounds: rounds.length,
    ours,
    theirs: theirs.length === 0 ? undefined : useOf(theirs),
    wallRatio,
    cpuRatio,
    share,
    notes,
    problems,
    judged,
    pass: problems.length === 0 && (!timed || judged.every(({ kept }) => kept))
  }
}

export class Measurements {
  readonly #rounds = new Map<string, Array<Round>>()
  readonly #notes = new Map<string, string>()

  add(id: string, round: Round): void {
    const rounds = this.#rounds.get(id)
    if (rounds === undefined) this.#rounds.set(id, [round])
    else rounds.push(round)
  }

  /** Something worth knowing beside the numbers of a figure; the last one stands. */
  note(id: string, text: string): void {
    this.#notes.set(id, text)
  }

  /** All figures that were measured, in their order; `timed` says whether limits count. */
  figures(timed: boolean): ReadonlyArray<Figure> {
    return figures.flatMap((spec) => {
      const rounds = this.#rounds.get(spec.id)
      const note = this.#notes.get(spec.id)
      return rounds === undefined ? [] : [summarise(spec, rounds, note === undefined ? [] : [note], timed)]
    })
  }
}
