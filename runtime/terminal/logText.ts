/**
 * The event log of a run for people: one line an event, with the time since the run began. Pure.
 */
import type { Logged } from "../EventLog.ts"
import { eventLine } from "./eventPieces.ts"
import { duration } from "./format.ts"
import { paint, type Style, uncoloured } from "./style.ts"

export interface LogTextOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number
  readonly style?: Style
}

/** Columns of `59 m 59 s` and `0.0 s` alike. */
const timeColumns = 9

/** The line of one event; further lines of a failure below it. */
export const logLines = (
  { atMs, event }: Logged,
  startedMs: number,
  { style = uncoloured, width }: LogTextOptions
): ReadonlyArray<string> => {
  const { more = [], pieces, tone, word } = eventLine(event)
  const time = duration(Math.max(0, atMs - startedMs) / 1000).padStart(timeColumns)
  return [
    paint([[time, "dim"], ["  "], [word.padEnd(8), tone], ["  "], ...pieces], width, style),
    ...more.map((line) => paint([[" ".repeat(timeColumns + 12)], [line]], width, style))
  ]
}
