/** Names of arms and metrics as a report prints them, as Markdown. */
import { markdownText } from "./markdownTable.ts"
import type { ReportInput } from "./ReportInput.ts"

export interface Titles {
  readonly arm: (arm: string) => string
  /** With an arrow towards the better side. */
  readonly metric: (metric: string) => string
}

const arrows = { lower: " ↓", higher: " ↑", neither: "" }

export const make = ({ arms = [], metrics = [] }: Pick<ReportInput, "arms" | "metrics">): Titles => {
  const armTitles = new Map(arms.map(({ arm, title }) => [arm, title]))
  const metricTitles = new Map(metrics.map(({ better, metric, title }) => [metric, `${title}${arrows[better]}`]))
  return {
    arm: (arm) => markdownText(armTitles.get(arm) ?? arm),
    metric: (metric) => markdownText(metricTitles.get(metric) ?? metric)
  }
}
