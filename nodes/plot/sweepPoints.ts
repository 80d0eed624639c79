/**
 * The points of a sweep over one number: seeds of one value pooled, each rate with its intervals, and whether attack
 * success falls all the way. Plain data for a plot, a table or a file; drawing is in `sweepPlot.ts`.
 */
import { clusterBootstrap } from "../maths/clusterBootstrap.ts"
import type { Count, Interval, TopicCounts } from "../maths/Interval.ts"
import { pairedClusterBootstrap } from "../maths/pairedClusterBootstrap.ts"
import { wilson } from "../maths/wilson.ts"
import type { ScoreRow } from "../report/Scoreboard.ts"
import { categoryPrefix } from "../report/sinternalMeasures.ts"

/** One arm of a sweep: the value of its axis, the seed it was trained with, and its `score` table. */
export interface SweepArm {
  readonly x: number
  readonly seed: number
  readonly scores: ReadonlyArray<ScoreRow>
}

export interface Rate extends Count {
  /** null without answers. */
  readonly share: number | null
  /** Takes answers as independent. */
  readonly wilson: Interval
  /** Over topics; null with fewer than two. */
  readonly topics: Interval | null
}

/** One value of the axis, all its seeds pooled. */
export interface SweepPoint {
  readonly x: number
  readonly seeds: ReadonlyArray<number>
  /** Over all sets that measure it. */
  readonly attackSuccess: Rate
  /** On the one set that is drawn apart; null where it was not measured. */
  readonly attackSuccessOnSet: Rate | null
  readonly overRefusal: Rate
  readonly other: Rate
  /** Shares of attack success of single seeds. */
  readonly bySeed: ReadonlyArray<{ readonly seed: number; readonly all: number; readonly onSet: number | null }>
}

/** A step of the axis at which attack success goes up. */
export interface Rise {
  readonly from: number
  readonly to: number
  readonly difference: number
  /** Of the difference, over topics. */
  readonly interval: Interval | null
  /** The interval excludes 0: more than the choice of topics explains. */
  readonly beyondNoise: boolean
}

export interface Monotonicity {
  /** `all` sets, or the name of the one set. */
  readonly of: string
  /** No step goes up. */
  readonly falling: boolean
  readonly rises: ReadonlyArray<Rise>
}

export interface SweepPoints {
  /** The set that is drawn apart. */
  readonly set: string
  /** By ascending `x`. */
  readonly points: ReadonlyArray<SweepPoint>
  readonly monotonicity: ReadonlyArray<Monotonicity>
}

const attack = "attackSuccess"

/**
 * Pools seeds and checks the steps. Points go by `x`, seeds by number.
 *
 * **Fails**: `RangeError` for no arms, an arm given twice, an arm without attack success, and counts that are none.
 */
export const sweepPoints = (arms: ReadonlyArray<SweepArm>, { set }: { readonly set: string }): SweepPoints => {
  check(arms)
  const values = [...new Set(arms.map(({ x }) => x))].sort((a, b) => a - b)
  const pooled = values.map((x) => {
    const own = arms.filter((arm) => arm.x === x).toSorted((a, b) => a.seed - b.seed)
    return { x, own, scores: own.flatMap(({ scores }) => scores) }
  })
  const hasSet = pooled.every(({ scores }) => scores.some((row) => row.metric === attack && row.set === set))
  return {
    set,
    points: pooled.map(({ own, scores, x }) => ({
      x,
      seeds: own.map(({ seed }) => seed),
      attackSuccess: rate(topicCounts(scores, attack)),
      attackSuccessOnSet: hasSet ? rate(topicCounts(scores, attack, set)) : null,
      overRefusal: rate(topicCounts(scores, "overRefusal")),
      other: rate(topicCounts(scores, "other")),
      bySeed: own.map((arm) => ({
        seed: arm.seed,
        all: rate(topicCounts(arm.scores, attack)).share!,
        onSet: hasSet ? rate(topicCounts(arm.scores, attack, set)).share : null
      }))
    })),
    monotonicity: [
      monotonicity("all", pooled.map(({ scores, x }) => ({ x, counts: topicCounts(scores, attack) }))),
      ...(hasSet
        ? [monotonicity(set, pooled.map(({ scores, x }) => ({ x, counts: topicCounts(scores, attack, set) })))]
        : [])
    ]
  }
}

const check = (arms: ReadonlyArray<SweepArm>): void => {
  if (arms.length === 0) throw new RangeError("a sweep without arms has no points; give it at least one")
  const seen = new Set<string>()
  for (const { scores, seed, x } of arms) {
    const name = `${x}, seed ${seed}`
    if (!Number.isFinite(x)) throw new RangeError(`arm ${name}: a point needs a finite number`)
    if (seen.has(name)) throw new RangeError(`arm ${name} is given twice; pool its answers or give it another seed`)
    seen.add(name)
    if (!scores.some(({ metric, n }) => metric === attack && n > 0)) {
      throw new RangeError(`arm ${name} has no attack success; its scores need a harmful prompt set`)
    }
  }
}

/** Answers by topic, of one set or of all; breakdowns of the same answers are left out. */
const topicCounts = (scores: ReadonlyArray<ScoreRow>, metric: string, set?: string): TopicCounts => {
  const counts = new Map<string, Count>()
  for (const row of scores) {
    if (row.metric !== metric || row.set !== (set ?? row.set) || row.set.startsWith(categoryPrefix)) continue
    const known = counts.get(row.topic) ?? { hits: 0, n: 0 }
    counts.set(row.topic, { hits: known.hits + row.hits, n: known.n + row.n })
  }
  return counts
}

const rate = (counts: TopicCounts): Rate => {
  const { hits, interval, n } = clusterBootstrap(counts)
  return { hits, n, share: n === 0 ? null : hits / n, wilson: wilson({ hits, n }), topics: interval }
}

const monotonicity = (
  of: string,
  points: ReadonlyArray<{ readonly x: number; readonly counts: TopicCounts }>
): Monotonicity => {
  const rises = points.slice(1).flatMap((point, i): ReadonlyArray<Rise> => {
    const before = points[i]!
    const { difference, interval } = pairedClusterBootstrap(point.counts, before.counts)
    if (difference === null || difference <= 0) return []
    return [{ from: before.x, to: point.x, difference, interval, beyondNoise: interval !== null && interval.lo > 0 }]
  })
  return { of, falling: rises.length === 0, rises }
}
