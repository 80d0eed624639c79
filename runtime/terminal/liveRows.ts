/**
 * The moving part of a live terminal: a line for every node that runs and one for the whole run, cut to the width and
 * capped to the height of the screen. Pure: a state, a size and a time give lines; who draws them is `Live.ts`.
 */
import { count, dollars, duration, rate } from "./format.ts"
import { retriesText, spaced } from "./nodeLines.ts"
import { type RunningNode, type RunState, secondsLeft } from "./RunState.ts"
import { paint, type Piece, type Style } from "./style.ts"
import { table, type TableColumn } from "./table.ts"

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly nowMs: number
  readonly style: Style
}

const spinner = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"]

const barWidth = 12

const bar = ({ done, total }: { readonly done: number; readonly total: number }): string => {
  const filled = total <= 0 ? barWidth : Math.min(barWidth, Math.floor((done / total) * barWidth))
  return "━".repeat(filled) + "─".repeat(barWidth - filled)
}

const columns: ReadonlyArray<TableColumn & { readonly name: string }> = [
  { name: "label", min: 16, cut: "middle" },
  { name: "progress", align: "right" },
  { name: "bar", drop: 1 },
  { name: "rate", align: "right", drop: 2 },
  { name: "eta", drop: 4 },
  { name: "usd", align: "right", drop: 5 },
  { name: "detail", min: 10, drop: 3 }
]

const detailColumn = columns.findIndex(({ name }) => name === "detail")

const cells = (node: RunningNode, { nowMs }: Screen): ReadonlyArray<string> => {
  const label = `${spinner[Math.floor(nowMs / 100) % spinner.length]} ${node.label}`
  const { detail, failed, progress, retried, usd } = node
  const elapsed = duration((nowMs - node.startedMs) / 1000)
  if (progress === undefined) return [label, elapsed, "", "", "", usd > 0 ? dollars(usd) : "", detail || node.why]
  const left = secondsLeft(node, nowMs)
  const words = [failed > 0 ? `${count(failed)} failed` : "", retried > 0 ? retriesText(retried) : "", detail].filter((
    word
  ) => word !== "").join("  ")
  return [
    label,
    `${count(progress.done).padStart(count(progress.total).length)}/${count(progress.total)}`,
    bar(progress),
    rate(node.rate?.perSecond(nowMs) ?? 0).padStart(8),
    `ETA ${left === undefined ? "-" : duration(left)}`.padEnd(13),
    usd > 0 ? dollars(usd) : "",
    words || node.why
  ]
}

const runningLines = (nodes: ReadonlyArray<RunningNode>, screen: Screen): ReadonlyArray<string> =>
  table({ columns, rows: nodes.map((node) => cells(node, screen)) }, {
    width: screen.columns,
    style: (text, { column, row }) => {
      if (column !== detailColumn) return text
      return nodes[row]!.failed > 0 ? screen.style("bad", text) : screen.style("dim", text)
    }
  })

/** `= 5 fresh  3 ran  1 failed  of 12  38 s  $0.42`. */
const totals = (state: RunState, nowMs: number): ReadonlyArray<Piece> =>
  spaced([
    [`= ${state.fresh} fresh`],
    [`${state.ran} ran`],
    state.failed > 0 ? [`${state.failed} failed`, "bad"] : undefined,
    state.skipped > 0 ? [`${state.skipped} skipped`] : undefined,
    [`of ${state.total}`],
    [duration((nowMs - state.startedMs) / 1000)],
    state.usd > 0 ? [dollars(state.usd)] : undefined,
    state.stopping ? ["stopping", "warning"] : undefined
  ])

/** The lines to draw now; at most one less than the screen has, since the cursor stands on the line below. */
export const liveRows = (state: RunState, screen: Screen): ReadonlyArray<string> => {
  const most = Math.max(1, screen.rows - 1)
  const nodes = [...state.running.values()]
  const last = paint(totals(state, screen.nowMs), screen.columns, screen.style)
  if (nodes.length + 1 <= most) return [...runningLines(nodes, screen), last]
  const shown = nodes.slice(0, Math.max(0, most - 2))
  const more = paint([[`… ${nodes.length - shown.length} more`, "dim"]], screen.columns, screen.style)
  return [...runningLines(shown, screen), more, last].slice(-most)
}
