/**
 * An event as a word and the rest of its line: the same for plain progress and for `log`. Whether an event is worth a
 * line where it is shown is its caller's.
 */
import type { Event, On } from "../Event.ts"
import { count, counted, dollars, duration } from "./format.ts"
import { failedText, finishedPieces, nondeterministicPieces, rowFailedPieces, spaced } from "./nodeLines.ts"
import type { Piece, Tone } from "./style.ts"
import { visible } from "./text.ts"

/** One line of an event, and further lines where a failure has them. */
export interface EventLine {
  /** At most seven characters. */
  readonly word: string
  readonly tone: Tone
  readonly pieces: ReadonlyArray<Piece>
  readonly more?: ReadonlyArray<string>
}

const name = (label: string): Piece => [visible(label), "strong"]

const failureLine = (event: On<"NodeFailed">): EventLine => {
  const [first = "", ...more] = failedText(event).split("\n").map(visible)
  return { word: "failed", tone: "bad", pieces: [[first]], more }
}

const endLine = ({ durationMs, nodes, ok, rows, stopped, usd }: On<"RunFinished">): EventLine => ({
  word: ok ? "end" : stopped === undefined ? "failed" : "stopped",
  tone: ok ? "good" : stopped === undefined ? "bad" : "warning",
  pieces: spaced([
    [`${counted(nodes.ran, "node")} ran, ${count(nodes.fresh)} fresh`],
    nodes.failed > 0 ? [`${count(nodes.failed)} failed`, "bad"] : undefined,
    nodes.skipped > 0 ? [`${count(nodes.skipped)} skipped`] : undefined,
    rows.ran + rows.fresh + rows.failed > 0
      ? [`${counted(rows.ran, "row")} ran, ${count(rows.fresh)} reused`]
      : undefined,
    rows.failed > 0 ? [`${counted(rows.failed, "row")} failed`, "bad"] : undefined,
    [duration(durationMs / 1000)],
    usd > 0 ? [dollars(usd)] : undefined,
    stopped === undefined ? undefined : [visible(stopped.text)]
  ])
})

const progressLine = ({ detail, done, label, total, usd }: On<"Progress">): EventLine => ({
  word: total > 0 ? `${Math.floor((100 * done) / total)} %` : "running",
  tone: "dim",
  pieces: spaced([
    name(label),
    total > 0 ? [`${count(done)}/${count(total)}`] : undefined,
    usd !== undefined && usd > 0 ? [dollars(usd)] : undefined,
    detail === undefined ? undefined : [visible(detail)]
  ])
})

const retryLine = ({ attempt, class: kind, delayMs, label, reason, row }: On<"RowRetried">): EventLine => {
  const what = row === "" ? "" : `row ${visible(row)}: `
  return {
    word: "retry",
    tone: "warning",
    pieces: spaced([
      name(label),
      [`${what}attempt ${attempt} failed (${visible(kind)}), next in ${duration(delayMs / 1000)}`],
      [visible(reason), "dim"]
    ])
  }
}

/** The line of an event. */
export const eventLine = (event: Event): EventLine => {
  switch (event.event) {
    case "RunStarted":
      return {
        word: "run",
        tone: "strong",
        pieces: [[`${visible(event.experiment)}  ${counted(event.nodes, "node")}  ${event.run}`]]
      }
    case "NodeFresh": {
      const rows = event.rows === undefined ? undefined : [counted(event.rows, "row")] as const
      return { word: "fresh", tone: "dim", pieces: spaced([name(event.label), rows]) }
    }
    case "NodeStarted":
      return { word: "start", tone: "dim", pieces: spaced([name(event.label), [visible(event.why), "dim"]]) }
    case "NodeWaiting": {
      const rows = event.rows === undefined ? undefined : [counted(event.rows, "row")] as const
      return { word: "waiting", tone: "dim", pieces: spaced([name(event.label), rows, [`for ${visible(event.for)}`]]) }
    }
    case "RowsFound":
      return {
        word: "rows",
        tone: "dim",
        pieces: [
          name(event.label),
          [`  ${count(event.toRun)} of ${count(event.total)} to run, ${count(event.fresh)} reused`]
        ]
      }
    case "RowRetried":
      return retryLine(event)
    case "RowFailed":
      return {
        word: "row",
        tone: "warning",
        pieces: [name(event.label), [`  row ${visible(event.row)} failed: ${visible(event.reason)}`]]
      }
    case "Progress":
      return progressLine(event)
    case "NodeFinished":
      return {
        word: event.shared === true ? "shared" : "done",
        tone: "good",
        pieces: [...finishedPieces(event, ""), ...(event.shared === true ? [["  made by another run"] as const] : [])]
      }
    case "NodeFailed":
      return failureLine(event)
    case "NodeSkipped":
      return { word: "skipped", tone: "dim", pieces: [name(event.label), [`  because of ${visible(event.because)}`]] }
    case "Nondeterministic":
      return { word: "warning", tone: "warning", pieces: nondeterministicPieces(event) }
    case "RunStopped":
      return { word: "stop", tone: "warning", pieces: [[visible(event.text)]] }
    case "RunFinished":
      return endLine(event)
  }
}

/** The line of a node's first failed row: the node's own failure tells the rest. */
export const firstFailedLine = (event: On<"RowFailed">): EventLine => ({
  word: "warning",
  tone: "warning",
  pieces: rowFailedPieces(event)
})
