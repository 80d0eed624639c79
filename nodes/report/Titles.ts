/** Names of arms, sets and metrics as a report prints them, as Markdown. */
import { markdownText } from "./markdownTable.ts"
import type { Better, ReportInput } from "./ReportInput.ts"
import type { Measure } from "./Scoreboard.ts"

export interface Titles {
  readonly arm: (arm: string) => string
  readonly set: (set: string) => string
  /** Without the arrow. */
  readonly metric: (metric: string) => string
  /** Metric and set, with the arrow: `attack success, unseen wrappers ↓`. `alone`: the metric has no other set. */
  readonly measure: (measure: Measure, alone: boolean) => string
  /** `text` with the arrow of a metric. */
  readonly pointed: (text: string, metric: string) => string
}

const arrows = { lower: " ↓", higher: " ↑", neither: "" }

/** A title with an arrow towards the better side. */
export const withArrow = (title: string, better: Better): string => `${title}${arrows[better]}`

export const make = (
  { arms = [], metrics = [], sets = [] }: Pick<ReportInput, "arms" | "metrics" | "sets">
): Titles => {
  const armTitles = new Map(arms.map(({ arm, title }) => [arm, title]))
  const setTitles = new Map(sets.map(({ set, title }) => [set, title]))
  const known = new Map(metrics.map((one) => [one.metric, one]))
  const set = (name: string) => markdownText(setTitles.get(name) ?? name)
  const metric = (name: string) => markdownText(known.get(name)?.title ?? name)
  const pointed = (text: string, name: string) => withArrow(text, known.get(name)?.better ?? "neither")
  return {
    arm: (arm) => markdownText(armTitles.get(arm) ?? arm),
    set,
    metric,
    measure: (measure, alone) =>
      pointed(
        alone && known.get(measure.metric)?.namesItsSet === true
          ? metric(measure.metric)
          : `${metric(measure.metric)}, ${set(measure.set)}`,
        measure.metric
      ),
    pointed
  }
}
