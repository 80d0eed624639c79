/**
 * The last lines of a run: what ran, what was reused, what failed, in what time and for how much. Failures were told
 * in full while the run went on; here each is one line and what to do next.
 */
import type { Summary } from "../Engine.ts"
import type { Stop } from "../Event.ts"
import { count, counted, dollars, duration } from "./format.ts"
import { retriesText, spaced } from "./nodeLines.ts"
import { paint, type Piece, type Style, uncoloured } from "./style.ts"
import { visible } from "./text.ts"

/** The part of a summary that is told; `failures` are told by their messages. */
export type Told = Pick<Summary, "ok" | "nodes" | "rows" | "durationMs" | "usd"> & {
  /** Why it ended before it was done, where it was stopped. */
  readonly stopped?: Stop | undefined
  readonly failures: ReadonlyArray<{ readonly message: string }>
}

export interface SummaryOptions {
  /** Columns of the terminal; nothing is cut unless told. */
  readonly width?: number
  readonly style?: Style
}

const nodesText = ({ nodes }: Told): string =>
  [
    `${counted(nodes.ran, "node")} ran`,
    `${count(nodes.fresh)} fresh`,
    ...(nodes.failed > 0 ? [`${count(nodes.failed)} failed`] : []),
    ...(nodes.skipped > 0 ? [`${count(nodes.skipped)} skipped`] : [])
  ].join(", ")

const rowsText = ({ rows }: Told): string | undefined =>
  rows.ran + rows.fresh + rows.failed === 0 ? undefined : [
    `${counted(rows.ran, "row")} ran`,
    `${count(rows.fresh)} reused`,
    ...(rows.failed > 0 ? [`${count(rows.failed)} failed`] : []),
    ...((rows.retries ?? 0) > 0 ? [retriesText(rows.retries!)] : [])
  ].join(", ")

const headline = (summary: Told): ReadonlyArray<Piece> => {
  const { durationMs, nodes, ok, stopped, usd } = summary
  const rows = rowsText(summary)
  const nothing = ok && nodes.ran === 0
  return [
    ok ? ["✓ ", "good"] : stopped === undefined || summary.failures.length > 0 ? ["✗ ", "bad"] : ["! ", "warning"],
    ...spaced([
      nothing ? [`nothing to do: ${counted(nodes.fresh, "node")} fresh`] : [nodesText(summary)],
      rows === undefined ? undefined : [rows],
      [duration(durationMs / 1000)],
      usd > 0 ? [dollars(usd)] : undefined,
      stopped === undefined ? undefined : [`stopped: ${visible(stopped.text)}`, "warning"]
    ])
  ]
}

/** A failure's first line, and its last one, which by convention says what to do next. */
const failureLines = (message: string): ReadonlyArray<ReadonlyArray<Piece>> => {
  const lines = message.split("\n").map((line) => visible(line.trim())).filter((line) => line !== "")
  return [...lines.slice(0, 1), ...lines.slice(1).slice(-1)].map((
    line,
    i
  ) => [[i === 0 ? "  " : "    "], [line, i === 0 ? "bad" : "dim"]])
}

/** The lines, without line feeds. */
export const summaryLines = (
  summary: Told,
  { style = uncoloured, width = Infinity }: SummaryOptions = {}
): ReadonlyArray<string> =>
  [headline(summary), ...summary.failures.flatMap(({ message }) => failureLines(message))]
    .map((pieces) => paint(pieces, width, style))
