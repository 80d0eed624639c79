/**
 * A terminal that moves: what has ended scrolls above, what runs is redrawn in place ten times a second. One write a
 * frame, synchronised where the terminal can; the lines drawn last are counted anew at the present width, so that a
 * resized window keeps no ghosts.
 */
import type { Reporter, ReporterOptions } from "./Reporter.ts"
import { failedText, finishedPieces, nondeterministicPieces, rowFailedPieces } from "./nodeLines.ts"
import { liveRows } from "./liveRows.ts"
import { output } from "./output.ts"
import { type Reported, RunState } from "./RunState.ts"
import { paint, type Piece, type Tone } from "./style.ts"
import { displayWidth, visible, wrap } from "./text.ts"

/** **Unit**: milliseconds between two frames. */
const frameMs = 100

const begin = "\x1b[?2026h"
const end = "\x1b[?2026l"
const hideCursor = "\x1b[?25l"
const showCursor = "\x1b[?25h"
const clearBelow = "\x1b[J"
/** A terminal that finds a character wider than we do must cut the line, not wrap it. */
const noWrap = "\x1b[?7l"
const wrapAgain = "\x1b[?7h"

const marked = (mark: string, tone: Tone, pieces: ReadonlyArray<Piece>): ReadonlyArray<Piece> => [[mark, tone], [" "], ...pieces]

/** Draws on a terminal. Frames are drawn by `schedule`, and once at the end. */
export const live = (options: ReporterOptions): Reporter => {
  const { columns, now, rows, style } = options
  const { behind, write } = output(options.stream)
  const state = new RunState(now())
  let above: Array<string> = []
  let drawn: ReadonlyArray<number> = [] // widths of the lines of the last frame
  let hidden = false

  const scroll = (pieces: ReadonlyArray<Piece>) => void above.push(paint(pieces, columns(), style))
  const scrollText = (mark: string, tone: Tone, text: string) => {
    const lines = wrap(text, columns() - 2)
    above.push(...lines.map((line, i) => i === 0 ? `${style(tone, mark)} ${style("strong", line)}` : `  ${line}`))
  }

  const frame = (lines: ReadonlyArray<{ readonly text: string; readonly width: number }>) => {
    const up = drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns())), 0)
    const text = lines.map((line) => `${line.text}\n`).join("")
    write(
      begin + (hidden ? "" : hideCursor) + (up === 0 ? "" : `\x1b[${up}A\r${clearBelow}`) + above.map((line) => `${line}\n`).join("") +
        noWrap + text + wrapAgain + end
    )
    hidden = true
    above = []
    drawn = lines.map(({ width }) => width)
  }

  const draw = () => {
    if (behind()) return
    const screen = { columns: columns(), rows: rows(), nowMs: now() }
    const bare = liveRows(state, { ...screen, style: (_, text) => text })
    const coloured = liveRows(state, { ...screen, style })
    frame(coloured.map((text, i) => ({ text, width: displayWidth(bare[i]!) })))
  }
  return undefined as never
}
