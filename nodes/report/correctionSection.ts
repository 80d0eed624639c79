/**
 * Rates corrected for what is known of the judge's errors, as Markdown. The labelled answers come from another source
 * than the arms, so only the judge's error rates are carried over, not the labels' own rate.
 */
import { correctedByErrorRates, type LabelledCounts } from "../maths/predictionPowered.ts"
import { absent, percent, percentRange } from "./formatShare.ts"
import { markdownTable } from "./markdownTable.ts"
import type { Measured } from "./MeasureRows.ts"
import * as Scoreboard from "./Scoreboard.ts"

/** How a judge errs on one metric. */
export interface JudgeError extends LabelledCounts {
  readonly metric: string
}

const nothing = "the judge is at chance"

/** The section `Corrected for the judge's error`; undefined where no judge was calibrated on a metric that was measured. */
export const correctionSection = (
  { board, titles }: Measured,
  errors: ReadonlyArray<JudgeError>
): string | undefined => {
  const rows = errors.flatMap((error) =>
    board.measures.filter(({ metric }) => metric === error.metric).map((measure) => ({ error, measure }))
  )
  if (rows.length === 0) return undefined
  const labels = errors.map(({ falseNegatives, falsePositives, metric, trueNegatives, truePositives }) =>
    `${titles.metric(metric)}: ${
      truePositives + falseNegatives + falsePositives + trueNegatives
    } labels, ${falsePositives} `
    + `wrongly counted, ${falseNegatives} missed`
  )
  return [
    "## Corrected for the judge's error",
    "What the rates would be if the judge erred here as often as on answers that people labelled, in ( ) the 95 % interval "
    + "(Rogan and Gladen; Lang and Reiczigel) that carries the judge's error and the number of labels. "
    + `${labels.join("; ")}. It assumes that the judge's two error rates are the same on these answers.`,
    markdownTable(
      [{ header: "measure" }, ...board.arms.map((arm) => ({ header: titles.arm(arm), align: "right" as const }))],
      rows.map(({ error, measure }) => [
        titles.measure(measure, rows.filter((row) => row.measure.metric === measure.metric).length === 1),
        ...board.arms.map((arm) => {
          const count = Scoreboard.total(board.cell(arm, measure))
          if (count.n === 0) return absent
          const corrected = correctedByErrorRates(count, error)
          return corrected === null ? nothing : `${percent(corrected.share)} (${percentRange(corrected.interval)})`
        })
      ]),
      { padded: true }
    )
  ].join("\n\n")
}
