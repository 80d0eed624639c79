/**
 * What a reporter is and what it is given: the contract between `Reporter.ts` and the ways to report. Time, size,
 * stream and timer come from outside, so that tests need none of them.
 */
import type { Event } from "../Event.ts"
import type { OutputStream } from "./output.ts"
import type { Style } from "./style.ts"

export type Mode = "live" | "plain" | "json" | "none"

/** Calls `draw` every `everyMs` milliseconds until the function it returns is called. Must not keep the process alive. */
export type Schedule = (draw: () => void, everyMs: number) => () => void

export interface ReporterOptions {
  readonly stream: OutputStream
  readonly mode: Mode
  /** Size of the terminal, asked for at every frame: windows are resized. */
  readonly columns: () => number
  readonly rows: () => number
  /** **Unit**: milliseconds since 1970. */
  readonly now: () => number
  readonly style: Style
  /** Node's own timer unless told. */
  readonly schedule?: Schedule
}

/** Nothing of it throws or waits. */
export interface Reporter {
  readonly emit: (event: Event) => void
  /** A text of somebody else's, above what is drawn: anything else written to a live terminal would be drawn over. */
  readonly log: (text: string) => void
  /** Draws what is left, gives the cursor back and stops the timer; a second call does nothing. */
  readonly close: () => void
}
