/** How two reports differ: settings that changed, and headline rates before and after with the interval of the change. */
import type { Count, Interval } from "../maths/Interval.ts"
import { wilson } from "../maths/wilson.ts"
import { absent, percent, points, pointsRange } from "./formatShare.ts"
import { markdownCode, markdownTable, markdownText } from "./markdownTable.ts"
import { measured, type MeasureRow } from "./MeasureRows.ts"
import type { ReportInput } from "./ReportInput.ts"
import * as Scoreboard from "./Scoreboard.ts"

/**
 * The interval of `after - before` for two independent shares. **Source**: R. G. Newcombe, Statist. Med. 17 (1998)
 * 873-890, method 10.
 */
export const differenceInterval = (before: Count, after: Count): Interval => {
  const [a, b] = [before.hits / before.n, after.hits / after.n]
  const [first, second] = [wilson(before), wilson(after)]
  return {
    lo: b - a - Math.hypot(b - second.lo, first.hi - a),
    hi: b - a + Math.hypot(second.hi - b, a - first.lo)
  }
}

const settingRows = (before: ReportInput, after: ReportInput): ReadonlyArray<ReadonlyArray<string>> => {
  const value = (input: ReportInput, name: string) => {
    const found = input.config?.find((one) => one.name === name)
    return found === undefined ? undefined : JSON.stringify(found.value)
  }
  const names = [...new Set([...before.config ?? [], ...after.config ?? []].map(({ name }) => name))]
  return names.flatMap((name) => {
    const [was, is] = [value(before, name), value(after, name)]
    return was === is
      ? []
      : [[markdownText(name), ...[was, is].map((one) => one === undefined ? absent : markdownCode(one))]]
  })
}

/** A headline rate of one arm that two reports have and give differently. */
export interface RateChange {
  /** Markdown, with an arrow towards the better side. */
  readonly measure: string
  /** As the later report calls it, Markdown. */
  readonly arm: string
  readonly before: Count
  readonly now: Count
  /** Later share minus earlier. */
  readonly change: number
  /** 95 %, as if the answers were independent samples. */
  readonly interval: Interval
}

/** The headline rates that differ, in the order of the later report. */
export const rateChanges = (before: ReportInput, after: ReportInput): ReadonlyArray<RateChange> => {
  const [was, is] = [measured(before), measured(after)]
  const keyOf = ({ kind, measure }: MeasureRow) => JSON.stringify([kind, measure?.set])
  const known = new Map(was.headline.map((row) => [keyOf(row), row]))
  return is.headline.flatMap((row) => {
    const old = known.get(keyOf(row))
    if (old === undefined) return []
    return is.board.arms.flatMap((arm): ReadonlyArray<RateChange> => {
      const [first, now] = [Scoreboard.total(old.counts(arm)), Scoreboard.total(row.counts(arm))]
      if (first.n === 0 || now.n === 0 || (first.hits === now.hits && first.n === now.n)) return []
      const change = now.hits / now.n - first.hits / first.n
      const interval = differenceInterval(first, now)
      return [{ measure: row.title, arm: is.titles.arm(arm), before: first, now, change, interval }]
    })
  })
}

/** The section `Differences to …` as Markdown; rates are compared as those of independent samples. */
export const reportDiff = (
  previous: { readonly name: string; readonly input: ReportInput },
  after: ReportInput
): string => {
  const settings = settingRows(previous.input, after)
  const rates = rateChanges(previous.input, after).map(({ arm, before, change, interval, measure, now }) => [
    measure,
    arm,
    percent(before.hits / before.n),
    percent(now.hits / now.n),
    `${points(change)} [${pointsRange(interval)}]`
  ])
  const right = (header: string) => ({ header, align: "right" as const })
  return [
    `## Differences to ${markdownText(previous.name)}`,
    ...(settings.length === 0
      ? ["No setting differs."]
      : [markdownTable([{ header: "setting" }, { header: "before" }, { header: "now" }], settings)]),
    ...(rates.length === 0
      ? ["No headline rate differs."]
      : [
        "Headline rates that differ, percent, with the 95 % interval of the difference (Newcombe), as if the answers were "
        + "independent samples. Nothing is corrected for the number of comparisons.",
        markdownTable([{ header: "measure" }, { header: "arm" }, right("before"), right("now"), right("change")], rates)
      ])
  ].join("\n\n")
}
