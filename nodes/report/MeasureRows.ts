/**
 * The rows of a report's tables: what each measures, how it is called, and the counts of every arm. Rows without a single
 * hit are told apart, since one line says all of them. What a cell prints is the tables' business.
 */
import type { Count, TopicCounts } from "../maths/Interval.ts"
import { range } from "./formatShare.ts"
import { markdownText } from "./markdownTable.ts"
import type { HeadlineMeasure, ReportInput } from "./ReportInput.ts"
import * as Scoreboard from "./Scoreboard.ts"
import * as Titles from "./Titles.ts"

export interface MeasureRow {
  /** Markdown, with an arrow towards the better side. */
  readonly title: string
  /** What it measures, whatever the set: rows without hits are grouped by it. */
  readonly kind: string
  /** How many sets it speaks of. */
  readonly sets: number
  /** Absent where it is neither one metric nor on one set. */
  readonly measure?: Scoreboard.Measure
  readonly counts: (arm: string) => TopicCounts
  /** What the title cannot say: a sentence of Markdown. */
  readonly remark?: string
}

/** The scores of a report, arranged, with the names of everything. */
export interface Measured {
  readonly board: Scoreboard.Scoreboard
  readonly titles: Titles.Titles
  /** Every metric on every set. */
  readonly all: ReadonlyArray<MeasureRow>
  readonly headline: ReadonlyArray<MeasureRow>
}

/** Arranges what was scored. **Fails**: `RangeError` for counts that are none. */
export const measured = (input: ReportInput): Measured => {
  const board = Scoreboard.make(input.scores, {
    arms: (input.arms ?? []).map(({ arm }) => arm),
    metrics: (input.metrics ?? []).map(({ metric }) => metric),
    sets: (input.sets ?? []).map(({ set }) => set)
  })
  const titles = Titles.make(input)
  const all = board.measures.map((measure) => rateRow(board, titles, measure))
  return {
    board,
    titles,
    all,
    headline: input.headline?.flatMap((measure) => headlineRows(board, titles, measure)) ?? all
  }
}

/** Rows in which some arm hit, and those in which none did; rows without answers are in neither. */
export const splitByHits = (
  board: Scoreboard.Scoreboard,
  rows: ReadonlyArray<MeasureRow>
): { readonly hit: ReadonlyArray<MeasureRow>; readonly never: ReadonlyArray<MeasureRow> } => {
  const sum = (row: MeasureRow, of: (count: Count) => number) =>
    board.arms.reduce((all, arm) => all + of(Scoreboard.total(row.counts(arm))), 0)
  const answered = rows.filter((row) => sum(row, ({ n }) => n) > 0)
  return {
    hit: answered.filter((row) => sum(row, ({ hits }) => hits) > 0),
    never: answered.filter((row) => sum(row, ({ hits }) => hits) === 0)
  }
}

/** How many answers a row is about: one number, or the range over the arms that were measured. */
export const answersOf = (board: Scoreboard.Scoreboard, row: MeasureRow): string =>
  range(board.arms.map((arm) => Scoreboard.total(row.counts(arm)).n).filter((n) => n > 0))

/** `0 in every arm: other (6 sets, n = 300).` and nothing where there is none. */
export const neverLine = (board: Scoreboard.Scoreboard, never: ReadonlyArray<MeasureRow>): ReadonlyArray<string> => {
  if (never.length === 0) return []
  const kinds = [...new Set(never.map(({ kind }) => kind))].map((kind) => {
    const rows = never.filter((row) => row.kind === kind)
    const sets = rows.reduce((sum, row) => sum + row.sets, 0)
    const answers = range(
      rows.flatMap((row) => board.arms.map((arm) => Scoreboard.total(row.counts(arm)).n).filter((n) => n > 0))
    )
    return `${kind} (${sets} ${sets === 1 ? "set" : "sets"}, n = ${answers})`
  })
  return [`0 in every arm: ${kinds.join(", ")}.`]
}

const setsOf = (board: Scoreboard.Scoreboard, metric: string): ReadonlyArray<string> =>
  board.measures.filter((measure) => measure.metric === metric).map(({ set }) => set)

const rateRow = (
  board: Scoreboard.Scoreboard,
  titles: Titles.Titles,
  measure: Scoreboard.Measure
): MeasureRow => ({
  title: titles.measure(measure, setsOf(board, measure.metric).length === 1),
  kind: titles.metric(measure.metric),
  sets: 1,
  measure,
  counts: (arm) => board.cell(arm, measure)
})

const headlineRows = (
  board: Scoreboard.Scoreboard,
  titles: Titles.Titles,
  measure: HeadlineMeasure
): ReadonlyArray<MeasureRow> => {
  const sets = setsOf(board, measure.metric)
  switch (measure.kind) {
    case "rate":
      return sets.filter((set) => set === (measure.set ?? set)).map((set) =>
        rateRow(board, titles, { metric: measure.metric, set })
      )
    case "worst":
      return sets.length === 0 ? [] : [worstRow(board, titles, measure.metric, sets)]
    case "share":
      return [shareRow(board, titles, measure, sets.filter((set) => setsOf(board, measure.among).includes(set)))]
  }
}

/** One row for all sets of a metric: the one that looks worst stands for them. */
const worstRow = (
  board: Scoreboard.Scoreboard,
  titles: Titles.Titles,
  metric: string,
  sets: ReadonlyArray<string>
): MeasureRow => {
  const highest = (set: string) =>
    board.arms.reduce((most, arm) => {
      const { hits, n } = Scoreboard.total(board.cell(arm, { metric, set }))
      return n === 0 ? most : Math.max(most, hits / n)
    }, 0)
  const worst = sets.reduce((a, b) => highest(b) > highest(a) ? b : a)
  const kind = titles.metric(metric)
  return {
    title: titles.pointed(`${kind}, worst set`, metric),
    kind,
    sets: sets.length,
    measure: { metric, set: worst },
    counts: (arm) => board.cell(arm, { metric, set: worst }),
    remark: `The set on which *${kind}* is highest in any arm: ${titles.set(worst)}.`
  }
}

/** Hits of `metric` of hits of `among`, topic by topic over all sets. */
const shareRow = (
  board: Scoreboard.Scoreboard,
  titles: Titles.Titles,
  { among, better, metric, title }: Extract<HeadlineMeasure, { kind: "share" }>,
  sets: ReadonlyArray<string>
): MeasureRow => ({
  title: Titles.withArrow(markdownText(title), better),
  kind: markdownText(title),
  sets: sets.length,
  counts: (arm) => {
    const pooled = new Map<string, Count>()
    for (const set of sets) {
      const contained = board.cell(arm, { metric, set })
      for (const [topic, { hits: n }] of board.cell(arm, { metric: among, set })) {
        const known = pooled.get(topic) ?? { hits: 0, n: 0 }
        pooled.set(topic, { hits: known.hits + (contained.get(topic)?.hits ?? 0), n: known.n + n })
      }
    }
    return pooled
  },
  remark: `*${markdownText(title)}*: of the answers with ${titles.metric(among)}, over ${
    sets.length === 1 ? "1 set" : `${sets.length} sets`
  } pooled.`
})
