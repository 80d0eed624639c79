/**
 * The difference of two runs for people: settings, nodes, and for each node whose result changed what changed in it.
 * Pure; the differences are `Diff.ts`'s.
 */
import type { Flip, MeanChange, TableDiff } from "../diff/diffTable.ts"
import type { Changed, FolderDiff, MetricChange, NodeDiff, RunDiff } from "../Diff.ts"
import { shortCell } from "./cellText.ts"
import { count, counted } from "./format.ts"
import { type Style, uncoloured } from "./style.ts"
import { table } from "./table.ts"
import { visible, wrap } from "./text.ts"

export interface DiffTextOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number
  readonly style?: Style
  /** Also nodes that are the same, and every metric and file. */
  readonly all?: boolean
}

/** Metrics or files shown of one node. */
const mostLines = 24

const indent = "  "

/** Lines below a heading, each within the width. */
const under = (lines: ReadonlyArray<string>): ReadonlyArray<string> => lines.map((line) => indent + line)

const side = (value: unknown): string =>
  value === undefined ? "–" : typeof value === "string" ? value : JSON.stringify(value) ?? "–"

const numberText = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)))

const signed = (value: number): string => `${value > 0 ? "+" : value < 0 ? "−" : ""}${numberText(Math.abs(value))}`

const settingRows = (settings: ReadonlyArray<Changed<unknown>>, width: number): ReadonlyArray<string> =>
  table({
    columns: [{ min: 12, cut: "middle" }, { min: 6 }, {}, { min: 6 }],
    rows: settings.map(({ from, path, to }) => [path, side(from), "→", side(to)])
  }, { width })

const stateText = ({ after, before }: NodeDiff): string =>
  before === after ? `${after}` : `${before ?? "–"} → ${after ?? "–"}`

/** What the result of a node shows in one cell. */
const changeText = (node: NodeDiff): string => {
  const { change, folder, incomparable, metrics, table: rows } = node
  if (incomparable !== undefined) return incomparable
  if (rows !== undefined) return tableText(rows)
  if (metrics !== undefined) return metrics.length === 0 ? "text changed" : counted(metrics.length, "number")
  if (folder !== undefined) return counted(folder.added.length + folder.removed.length + folder.changed.length, "file")
  if (change === "unreached") {
    return node.after === undefined || node.after === "skipped" ? "not reached this time" : "not reached before"
  }
  return change
}

const tableText = ({ columns, goneColumns, newColumns, rows }: TableDiff): string => {
  const parts = [
    ...(rows.added > 0 ? [`${count(rows.added)} added`] : []),
    ...(rows.removed > 0 ? [`${count(rows.removed)} removed`] : []),
    ...(rows.changed > 0
      ? [`${count(rows.changed)} changed (${columns.map(({ name }) => visible(name)).join(", ")})`]
      : []),
    ...newColumns.map((name) => `new column ${visible(name)}`),
    ...goneColumns.map((name) => `no column ${visible(name)}`)
  ]
  return parts.length === 0 ? "rows in another order" : parts.join(", ")
}

const nodeRows = (nodes: ReadonlyArray<NodeDiff>, width: number, style: Style): ReadonlyArray<string> =>
  table({
    columns: [
      { header: "NODE", min: 14, cut: "middle" },
      { header: "STATE", min: 7 },
      { header: "RESULT", min: 28 },
      { header: "WHY", min: 12, drop: 1 }
    ],
    rows: nodes.map((node) => [node.label, stateText(node), changeText(node), node.why.join("; ")])
  }, {
    width,
    style: (text, { column, row }) => row < 0 ? style("strong", text) : column === 3 ? style("dim", text) : text
  })

const flipRows = (flips: ReadonlyArray<Flip>, width: number): ReadonlyArray<string> =>
  table({
    columns: [{ min: 8 }, { min: 6 }, {}, { min: 6 }, { align: "right" }, { min: 8, drop: 1 }],
    rows: flips.map(({ column, count: times, from, rows, to }) => [
      column,
      shortCell(from),
      "→",
      shortCell(to),
      count(times),
      rows.length < times ? `${rows.join(", ")}${rows.length > 0 ? ", …" : ""}` : rows.join(", ")
    ])
  }, { width })

const meanRows = (means: ReadonlyArray<MeanChange>, width: number): ReadonlyArray<string> =>
  table({
    columns: [{ min: 8 }, { align: "right" }, {}, { align: "right" }, { align: "right", drop: 2 }, { drop: 1 }],
    rows: means.map(({ after, before, column }) => [
      `mean ${column}`,
      numberText(before.mean),
      "→",
      numberText(after.mean),
      signed(after.mean - before.mean),
      before.n === after.n ? `n = ${count(after.n)}` : `n = ${count(before.n)} → ${count(after.n)}`
    ])
  }, { width })

const metricRows = (metrics: ReadonlyArray<MetricChange>, width: number): ReadonlyArray<string> =>
  table({
    columns: [{ min: 16, cut: "middle" }, { align: "right" }, {}, { align: "right" }, { align: "right", drop: 1 }],
    rows: metrics.map(({ difference, from, path, to }) => [
      path,
      from === undefined ? "–" : numberText(from),
      "→",
      to === undefined ? "–" : numberText(to),
      difference === undefined ? "" : signed(difference)
    ])
  }, { width })

const sampleLines = ({ samples }: TableDiff): ReadonlyArray<string> =>
  Object.entries(samples).flatMap(([kind, rows]) =>
    rows.length === 0 ? [] : [`${kind}: ${rows.map(visible).join(", ")}`]
  )

const folderLines = ({ added, changed, removed }: FolderDiff): ReadonlyArray<string> => [
  ...added.map((path) => `added ${path}`),
  ...removed.map((path) => `removed ${path}`),
  ...changed.map((path) => `changed ${path}`)
]

const capped = (lines: ReadonlyArray<string>, all: boolean): ReadonlyArray<string> =>
  all || lines.length <= mostLines
    ? lines
    : [...lines.slice(0, mostLines), `… ${lines.length - mostLines} more, shown by --all`]

/** What changed in one result, below its name; nothing where the line of the node says all. */
const resultLines = (node: NodeDiff, width: number, all: boolean): ReadonlyArray<string> => {
  const { folder, metrics, table: rows } = node
  if (rows !== undefined) {
    return [
      ...sampleLines(rows).flatMap((line) => wrap(line, width)),
      ...flipRows(rows.flips, width),
      ...meanRows(rows.means, width)
    ]
  }
  if (metrics !== undefined) return capped(metricRows(metrics, width), all)
  return folder === undefined ? [] : capped(folderLines(folder).flatMap((line) => wrap(line, width)), all)
}

/** The difference as one text without a line feed at its end. */
export const diffText = (diff: RunDiff, { all = false, style = uncoloured, width }: DiffTextOptions): string => {
  const inner = Math.max(1, width - indent.length)
  const shown = all ? diff.nodes : diff.nodes.filter(({ after, change }) => change !== "same" || after === "ran")
  const folded = diff.nodes.length - shown.length
  const heading = (text: string) => wrap(text, width).map((line) => style("strong", line))
  return [
    ...wrap(`from  ${diff.before}`, width),
    ...wrap(`to    ${diff.after}`, width),
    ...(diff.settings.length === 0 ? [] : [...heading("settings"), ...under(settingRows(diff.settings, inner))]),
    ...(shown.length === 0 ? [] : nodeRows(shown, width, style)),
    ...(folded === 0 ? [] : wrap(`= ${counted(folded, "node")} with the same result`, width)),
    ...shown.flatMap((node) => {
      const lines = resultLines(node, inner, all)
      return lines.length === 0 ? [] : [...heading(visible(node.label)), ...under(lines)]
    })
  ].join("\n")
}
