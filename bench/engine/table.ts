/**
 * The figures as a table for people.
 */
import type { Figure, Spread } from "./Measurements.ts"

const seconds = (value: number): string => value < 10 ? value.toFixed(2) : value.toFixed(1)

const spread = (of: Spread | undefined): string =>
  of === undefined ? "-" : `${seconds(of.median)} (${seconds(of.best)})`

const megabytes = (bytes: number | undefined): string => bytes === undefined ? "-" : `${Math.round(bytes / 1e6)} MB`

/** What ran, and what would have been right where that differs. */
const counts = ({ executions }: Figure): string => {
  if (executions.length === 0) return "-"
  const rans = executions.map(({ ran }) => ran)
  const [least, most] = [Math.min(...rans), Math.max(...rans)]
  const ran = least === most ? least.toLocaleString("en-US") : `${least}-${most}`
  const { right, spare } = executions[0]!
  return least === right && most === right
    ? ran
    : `${ran} of ${right.toLocaleString("en-US")}${spare === undefined ? "" : ` +${spare}`}`
}

const target = ({ judged, rssAtMost }: Figure): string =>
  [
    ...(judged === undefined ? [] : [`${judged.measure === "CPU" ? "CPU" : "wall"} ${judged.atMost} s`]),
    ...(rssAtMost === undefined ? [] : [megabytes(rssAtMost)])
  ].join(", ")

const heads = ["", "workload", "executions", "wall s", "CPU s", "RSS", "disk", "target", ""]

/** One line a figure, and below it what was wrong. Times: median (best). */
export const tableLines = (figures: ReadonlyArray<Figure>, timed: boolean): ReadonlyArray<string> => {
  const cells = figures.map((figure) => [
    figure.id,
    figure.what,
    counts(figure),
    spread(figure.wallS),
    spread(figure.cpuS),
    megabytes(figure.rssBytes?.median),
    megabytes(figure.diskBytes),
    timed ? target(figure) : "",
    figure.verdict === "right" ? "pass" : `FAIL ${figure.verdict}`
  ])
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]!.length)))
  const line = (row: ReadonlyArray<string>) => row.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd()
  const remarks = ({ judged, notes, problems, verdict }: Figure) => [
    ...problems.map((problem) => `      ${problem}`),
    ...(timed && verdict === "slow"
      ? [`      ${judged!.measure}: ${seconds(judged!.best)} s, at most ${judged!.atMost} s`]
      : []),
    ...notes.map((note) => `      ${note}`)
  ]
  return [line(heads), ...figures.flatMap((figure, at) => [line(cells[at]!), ...remarks(figure)])]
}
