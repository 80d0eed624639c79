/**
 * What a node will take: a range of time and money from what it took before, else what a service says of itself. Pure:
 * which past results count as a node's history is its caller's to know. A price never enters a key.
 */
import type { Action } from "../cache/Manifest.ts"
import type { Estimate } from "./Used.ts"

/** Two ends, the lower one first; equal where only one number is known. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** **Unit**: seconds and US dollars. */
export interface Cost {
  readonly seconds: Range
  readonly usd: Range
  /** Where the numbers come from: `history`, or a service's own basis. */
  readonly basis: string
}

/** How far a single observation may be off, either way: runs share their machine with others. */
const spread = 0.3

/** The share of past runs below the lower and above the upper end. */
const tail = 0.1

/** What one row or one whole node took, and how much that says. */
interface Observation {
  readonly value: number
  readonly weight: number
}

/** The value below which `share` of the weight lies, interpolated between the middles of the observations. */
const quantile = (sorted: ReadonlyArray<Observation>, share: number): number => {
  const whole = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let before = 0
  let last: { readonly at: number; readonly value: number } | undefined
  for (const { value, weight } of sorted) {
    const at = (before + weight / 2) / whole
    if (at >= share) {
      if (last === undefined) return value
      return last.value + ((value - last.value) * (share - last.at)) / (at - last.at)
    }
    last = { at, value }
    before += weight
  }
  return last!.value
}

const rangeOf = (observations: ReadonlyArray<Observation>): Range => {
  const [only] = observations
  if (observations.length === 1) return { low: only!.value * (1 - spread), high: only!.value * (1 + spread) }
  const sorted = observations.toSorted((a, b) => a.value - b.value)
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) }
}

const times = ({ high, low }: Range, count: number): Range => ({ low: low * count, high: high * count })

/** Rows a past result was made of, those that were reused included. */
const rowsOf = ({ rows }: Action): number => rows === undefined ? 0 : rows.ran + rows.reused

/**
 * The price of running a node again, or `rows` of its rows.
 *
 * **Shape**: `history` are past results of the same node, newest first. Those of a row node count per row that ran, by
 * as many rows as they ran; several give the range that holds the middle 80 %, one gives ± 30 %. `rows` is undefined for
 * a node that is no row node, and where nobody knows yet: then as many as its newest result has. `undefined` where there
 * is neither history nor estimate.
 */
export const priceOf = (
  history: ReadonlyArray<Action>,
  rows: number | undefined,
  estimate?: Estimate
): Cost | undefined => {
  const byRow = history.some((action) => action.rows !== undefined)
  const useful = history.filter(({ rows }) => byRow ? (rows?.ran ?? 0) > 0 : true)
  const [newest] = useful
  if (newest === undefined) {
    if (estimate === undefined) return undefined
    const count = rows ?? 1
    const exactly = (value: number): Range => ({ low: value * count, high: value * count })
    return {
      seconds: exactly(estimate.secondsPerRow),
      usd: exactly(estimate.usdPerRow),
      basis: estimate.basis
    }
  }
  const observed = (of: (action: Action) => number): Range => {
    const units = byRow ? rows ?? rowsOf(newest) : 1
    return times(
      rangeOf(useful.map((action) => {
        const weight = byRow ? action.rows!.ran : 1
        return { value: of(action) / weight, weight }
      })),
      units
    )
  }
  return {
    seconds: observed(({ durationMs }) => durationMs / 1000),
    usd: observed(({ usage }) => usage.usd),
    basis: "history"
  }
}
