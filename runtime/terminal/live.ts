/**
 * A terminal that moves: what has ended scrolls above, what runs is redrawn in place ten times a second. One write a
 * frame, synchronised where the terminal can; the lines drawn last are counted anew at the present width, so that a
 * resized window keeps no ghosts.
 */
import { stripVTControlCharacters } from "node:util"
import type { Event } from "../Event.ts"
import { counted } from "./format.ts"
import { liveRows } from "./liveRows.ts"
import { failedText, finishedPieces, nondeterministicPieces, rowFailedPieces } from "./nodeLines.ts"
import { output } from "./output.ts"
import type { Reporter, ReporterOptions, Schedule } from "./ReporterOptions.ts"
import { RunState } from "./RunState.ts"
import { paint, type Piece, type Style, type Tone } from "./style.ts"
import { displayWidth, visible, wrap } from "./text.ts"

/** **Unit**: milliseconds between two frames. */
const frameMs = 100

const beginFrame = "\x1b[?2026h"
const endFrame = "\x1b[?2026l"
const hideCursor = "\x1b[?25l"
const showCursor = "\x1b[?25h"
/**
 * Each line is cleared before its text. Clearing a whole screen at once makes tmux keep what was there in its history;
 * clearing behind a text of full width takes its last character.
 */
const clearLine = "\x1b[2K"
const clearBelow = "\x1b[J"
/** A terminal that finds a character wider than we do must cut the line, not wrap it. */
const noWrap = "\x1b[?7l"
const wrapAgain = "\x1b[?7h"

const joined = (lines: ReadonlyArray<string>): string => lines.map((line) => `${clearLine}${line}\n`).join("")

const marked = (mark: string, tone: Tone, pieces: ReadonlyArray<Piece>): ReadonlyArray<Piece> => [
  [mark, tone],
  [" "],
  ...pieces
]

/** What an event leaves above the moving part, if anything. `failed` is the number of failed rows of its node so far. */
const piecesOf = (event: Event, why: string, failed: number): ReadonlyArray<Piece> | undefined => {
  switch (event.event) {
    case "RunStarted":
      return [[`${visible(event.experiment)}  ${counted(event.nodes, "node")}  run ${event.run}`, "dim"]]
    case "NodeFinished":
      return marked("✓", "good", finishedPieces(event, why))
    case "RowFailed":
      return failed === 1 ? marked("!", "warning", rowFailedPieces(event)) : undefined
    case "RunStopped":
      return marked("!", "warning", [[`stopping: ${visible(event.text)}`]])
    case "Nondeterministic":
      return marked("!", "warning", nondeterministicPieces(event))
    default:
      return undefined
  }
}

/** A failure in full. */
const failureLines = (text: string, width: number, style: Style): ReadonlyArray<string> =>
  wrap(text, width - 2).map((line, i) => i === 0 ? `${style("bad", "✗")} ${style("strong", line)}` : `  ${line}`)

/** What had no line of its own while the run went on. */
const foldedLines = ({ fresh, skipped }: RunState, width: number, style: Style): ReadonlyArray<string> =>
  [...(fresh > 0 ? [`= ${fresh} fresh`] : []), ...(skipped > 0 ? [`- ${skipped} skipped`] : [])]
    .map((text) => paint([[text]], width, style))

/** Draws on a terminal, by `schedule` and once at the end. */
export const live = (options: ReporterOptions & { readonly schedule: Schedule }): Reporter => {
  const { now, style } = options
  const { behind, write } = output(options.stream)
  const columns = () => Math.max(1, options.columns())
  const state = new RunState(now())
  let above: ReadonlyArray<string> = []
  let drawn: ReadonlyArray<string> = [] // the moving part as it stands on the screen
  let hidden = false
  let lastWhy = "" // a first run would say the same on every line

  const frame = (lines: ReadonlyArray<string>) => {
    const width = columns()
    const up = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(displayWidth(stripVTControlCharacters(line)) / width)),
      0
    )
    const back = up === 0 ? "" : `\x1b[${up}A\r`
    const cursor = lines.length > 0 && !hidden ? hideCursor : ""
    const moving = lines.length === 0 ? "" : noWrap + joined(lines) + wrapAgain
    write(beginFrame + cursor + back + joined(above) + moving + (up === 0 ? "" : clearBelow) + endFrame)
    hidden ||= lines.length > 0
    above = []
    drawn = lines
  }

  const stop = options.schedule(() => {
    if (behind()) return
    frame(liveRows(state, { columns: columns(), rows: options.rows(), nowMs: now(), style }))
  }, frameMs)
  let closed = false

  const scroll = (lines: ReadonlyArray<string>) => {
    above = [...above, ...lines]
  }

  return {
    emit: (event) => {
      if (closed) return
      const node = state.apply(event, now())
      if (event.event === "NodeFailed") return scroll(failureLines(failedText(event), columns(), style))
      const why = node?.why ?? ""
      const pieces = piecesOf(event, why === lastWhy ? "" : why, node?.failed ?? 0)
      if (event.event === "NodeFinished") lastWhy = why
      if (pieces !== undefined) scroll([paint(pieces, columns(), style)])
    },
    log: (text) => closed ? undefined : scroll(wrap(text, columns())),
    close: () => {
      if (closed) return
      closed = true
      stop()
      scroll(foldedLines(state, columns(), style))
      frame([])
      if (hidden) write(showCursor)
    }
  }
}
