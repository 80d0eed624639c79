/**
 * Why a node or a row would run, for people: the first part of its key that differs first, then what stands behind each.
 * Pure; the reasons are `Why.ts`'s, what is behind them `why/`'s.
 */
import type { Cell } from "../../cache/Columns.ts"
import type { Explained } from "../why/explain.ts"
import type { RowExplained } from "../why/explainRow.ts"
import type { InputChange } from "../why/inputChange.ts"
import type { SettingBehind } from "../why/settingBehind.ts"
import { short } from "../Why.ts"
import { shortCell } from "./cellText.ts"
import { count, counted } from "./format.ts"
import { type Style, uncoloured } from "./style.ts"
import { cut, visible, wrap } from "./text.ts"

export interface WhyTextOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number
  readonly style?: Style
}

/** A node that is asked about, or one that it waits for. */
export interface NodeWhy {
  readonly label: string
  /** What `plan` says of it. */
  readonly state: string
  readonly key: string | undefined
  readonly reasons: ReadonlyArray<Explained>
}

/** Columns of the terminal that one side of a change may take. */
const sideColumns = 60

const moved = (from: Cell, to: Cell): string => {
  const side = (cell: Cell) => cut(visible(shortCell(cell)), sideColumns)
  return `${side(from)} → ${side(to)}`
}

const rowsLines = ({ added, changed, first, removed, samples }: NonNullable<InputChange["rows"]>) => {
  const list = (kind: "added" | "removed" | "changed", rows: number) => {
    const names = samples[kind].map(visible).join(", ")
    return rows === 0 ? [] : [`${counted(rows, "row")} ${kind}: ${names}${rows > samples[kind].length ? ", …" : ""}`]
  }
  return [
    ...list("changed", changed),
    ...list("added", added),
    ...list("removed", removed),
    ...(first === undefined ? [] : [`${visible(first.row)} ${visible(first.column)}: ${moved(first.from, first.to)}`])
  ]
}

const changeLines = ({ files, rows, values }: InputChange): ReadonlyArray<string> => [
  ...(rows === undefined ? [] : rowsLines(rows)),
  ...(values ?? []).map(({ from, path, to }) => `${visible(path || "value")}: ${visible(from)} → ${visible(to)}`),
  ...(files === undefined || files.length === 0
    ? []
    : [
      `${counted(files.length, "file")}: ${files.slice(0, 3).map(visible).join(", ")}${files.length > 3 ? ", …" : ""}`
    ])
]

const settingText = ({ path, setBy }: SettingBehind, experiment: string): string =>
  `setting ${path}, ${
    setBy === "--set"
      ? "from the command line (--set)"
      : setBy === "experiment"
      ? `set in ${experiment}`
      : "the pipeline's own value"
  }`

/** `old → new` where the text of the reason does not say it already. */
const reasonText = ({ from, part, text, to }: Explained): string =>
  from === undefined || part === "params" || part === "seed" || (part === "uses") || /→/u.test(text)
    ? visible(text)
    : `${visible(text)}: ${visible(from)} → ${visible(to ?? "")}`

const detailLines = (reason: Explained, experiment: string): ReadonlyArray<string> => [
  ...(reason.change === undefined ? [] : changeLines(reason.change)),
  ...(reason.settings ?? []).map((setting) => settingText(setting, experiment))
]

const wrapped = (lines: ReadonlyArray<string>, indent: number, width: number): ReadonlyArray<string> =>
  lines.flatMap((line) => wrap(line, Math.max(1, width - indent))).map((line) => " ".repeat(indent) + line)

/** A node, its reasons, and below each what is behind it. */
export const whyText = (
  { key, label, reasons, state }: NodeWhy,
  experiment: string,
  { style = uncoloured, width }: WhyTextOptions
): string => {
  const head = [visible(label), key?.slice(0, 8) ?? "key not known yet", state].join("  ")
  return [
    ...wrap(head, width).map((line) => style("strong", line)),
    ...reasons.flatMap((reason) => [
      ...wrapped([reasonText(reason)], 2, width),
      ...wrapped(detailLines(reason, experiment), 4, width).map((line) => style("dim", line))
    ])
  ].join("\n")
}

const stateText = ({ failed, since, state }: RowExplained): string => {
  if (state === "fresh") return since === undefined ? "has a result" : `has a result since ${since}`
  return failed === undefined ? "would run" : `failed ${counted(failed.attempts, "time")}, would run again`
}

const rowDifferences = (
  { changedCells, changedGiven, function: shared, note }: RowExplained
): ReadonlyArray<string> => [
  ...changedCells.map(({ column, from, to }) => `${visible(column)}: ${moved(from, to)}`),
  ...changedGiven.map(({ from, path, to }) =>
    `given ${visible(path)}: ${visible(short(from))} → ${visible(short(to))}`
  ),
  ...shared.map((reason) => `of every row: ${reasonText(reason)}`),
  ...(note === undefined ? [] : [note])
]

/** A row: whether it has a result, what in its key differs from before, what it reads. */
export const whyRowText = (label: string, row: RowExplained, { style = uncoloured, width }: WhyTextOptions): string => {
  const { against, cells, failed, given, key } = row
  const differing = rowDifferences(row)
  const none = against === undefined || differing.length > 0 ? [] : ["nothing in its key differs"]
  return [
    ...wrap([visible(label), visible(row.row), key.slice(0, 8), stateText(row)].join("  "), width)
      .map((line) => style("strong", line)),
    ...(failed === undefined ? [] : wrapped([`last: ${failed.reason}`], 2, width)),
    ...(against === undefined ? [] : wrapped([`against ${against}:`], 2, width)),
    ...wrapped([...differing, ...none], 4, width),
    ...wrapped(
      [
        ...Object.entries(cells).map(([column, cell]) =>
          `reads ${visible(column)}: ${cut(visible(shortCell(cell)), width)}`
        ),
        ...(given === undefined ? [] : [`is given ${cut(visible(JSON.stringify(given)), 2 * width)}`])
      ],
      2,
      width
    ).map((line) => style("dim", line))
  ].join("\n")
}

/** The line below a node that waits. */
export const waitsText = (causes: number): string =>
  causes === 1 ? "it waits for the result of:" : `it waits for the results of ${count(causes)} nodes:`

/** Names of those that are not shown, as many as say which they are. */
export const moreText = (labels: ReadonlyArray<string>, { width }: WhyTextOptions): ReadonlyArray<string> =>
  labels.length === 0
    ? []
    : wrap(
      `… and ${labels.slice(0, 3).map(visible).join(", ")}${labels.length > 3 ? `, ${labels.length - 3} more` : ""}`,
      width
    )
