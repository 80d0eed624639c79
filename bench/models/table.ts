/**
 * The figures as a table for people.
 */
import type { Limit } from "./figures.ts"
import type { Figure, Judged, Spread, Use } from "./Measurements.ts"

const seconds = (value: number): string => value < 10 ? value.toFixed(2) : value.toFixed(1)
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`

const use = (of: Use | undefined): string =>
  of === undefined ? "-" : `${seconds(of.wallS.median)} / ${seconds(of.cpuS.median)} / ${gigabytes(of.rssBytes)}`

const ratio = (of: Spread | undefined): string =>
  of === undefined ? "-" : `${of.median.toFixed(2)} (${of.least.toFixed(2)}-${of.most.toFixed(2)})`

const names = {
  cpuRatio: "CPU",
  wallRatio: "wall",
  share: "share",
  wallS: "wall",
  rssBytes: "memory",
  kept: "memory",
  blockedMs: "blocked"
}

const amount = (of: Limit["of"], value: number): string =>
  of === "rssBytes"
    ? gigabytes(value)
    : of === "share"
    ? `${(100 * value).toFixed(0)} %`
    : of === "wallS"
    ? `${seconds(value)} s`
    : of === "blockedMs"
    ? `${value.toFixed(0)} ms`
    : `${value.toFixed(2)} x`

const target = ({ limit: { atLeast, atMost, of } }: Judged): string =>
  [
    ...(atLeast === undefined ? [] : [`${names[of]} >= ${amount(of, atLeast)}`]),
    ...(atMost === undefined ? [] : [`${names[of]} <= ${amount(of, atMost)}`])
  ].join(", ")

const heads = ["", "work", "ours: wall s / CPU s / peak", "theirs", "wall x", "CPU x", "target", ""]

/** One line a figure, and below it what was missed. Times: median; ratios: median (range), above 1 is ours faster. */
export const tableLines = (figures: ReadonlyArray<Figure>, timed: boolean): ReadonlyArray<string> => {
  const cells = figures.map((figure) => [
    figure.id,
    figure.what,
    use(figure.ours),
    use(figure.theirs),
    ratio(figure.wallRatio),
    ratio(figure.cpuRatio),
    timed ? figure.judged.map(target).join(", ") : "",
    figure.judged.length === 0 && figure.problems.length === 0 ? "" : figure.pass ? "pass" : "FAIL"
  ])
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]!.length)))
  const line = (row: ReadonlyArray<string>) => row.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd()
  const remarks = ({ judged, notes, problems, share }: Figure) => [
    ...problems,
    ...(share === undefined ? [] : [`share ${amount("share", share.median)}`]),
    ...(timed
      ? judged.filter(({ kept }) => !kept).map((each) => `${amount(each.limit.of, each.value)}, not ${target(each)}`)
      : []),
    ...notes
  ]
  return [
    line(heads),
    ...figures.flatMap((figure, at) => [line(cells[at]!), ...remarks(figure).map((remark) => `      ${remark}`)])
  ]
}
