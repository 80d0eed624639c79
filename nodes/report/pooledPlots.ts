/** The pictures at the head of a report: what matters most, pooled over its sets, one line an arm, as SVG texts. */
import { wilson } from "../maths/wilson.ts"
import { forestPlot, type ForestRow } from "./forestPlot.ts"
import { type Measured, measured } from "./MeasureRows.ts"
import type { ReportInput } from "./ReportInput.ts"
import * as Scoreboard from "./Scoreboard.ts"

export interface Picture {
  readonly title: string
  readonly svg: string
}

/** A metric over all its sets, one row an arm; undefined where no arm was measured. */
const pooledPlot = ({ board }: Measured, names: ReadonlyMap<string, string>, metric: string, title: string) => {
  const sets = board.measures.filter((measure) => measure.metric === metric)
  const rows = board.arms.flatMap((arm): ReadonlyArray<ForestRow> => {
    const counts = sets.map((measure) => Scoreboard.total(board.cell(arm, measure)))
    const pooled = {
      hits: counts.reduce((sum, { hits }) => sum + hits, 0),
      n: counts.reduce((sum, { n }) => sum + n, 0)
    }
    return pooled.n === 0
      ? []
      : [{ label: names.get(arm) ?? arm, share: pooled.hits / pooled.n, interval: wilson(pooled) }]
  })
  return rows.length === 0 ? undefined : forestPlot(
    title,
    `Percent of answers over ${sets.length} ${sets.length === 1 ? "set" : "sets"}; bars: 95 % Wilson intervals.`,
    rows
  )
}

const drawn = [["attackSuccess", "Attack success (lower is better)"], [
  "overRefusal",
  "Over-refusal (lower is better)"
]] as const

/** Attack success and over-refusal, as far as they were measured. **Fails**: `RangeError` for counts that are none. */
export const pooledPlots = (input: ReportInput): ReadonlyArray<Picture> => {
  const one = measured(input)
  const names = new Map((input.arms ?? []).map(({ arm, title }) => [arm, title]))
  return drawn.flatMap(([metric, title]) => {
    const svg = pooledPlot(one, names, metric, title)
    return svg === undefined ? [] : [{ title, svg }]
  })
}
