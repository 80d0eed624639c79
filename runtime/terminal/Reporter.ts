/**
 * Shows a run while it runs: a terminal that moves, plain lines, or JSON. Takes events and draws; decides nothing
 * about the run. A reporter never throws and ends quietly when nobody reads any more. Signals are the command line's.
 */
import { lineOf, timeOf } from "../EventLog.ts"
import { live } from "./live.ts"
import { output } from "./output.ts"
import { plain } from "./plain.ts"
import type { Mode, Reporter, ReporterOptions, Schedule } from "./ReporterOptions.ts"
import { styleFor } from "./style.ts"

export type { OutputStream } from "./output.ts"
export type { Mode, Reporter, ReporterOptions, Schedule } from "./ReporterOptions.ts"
export { summaryLines } from "./summaryLines.ts"

const timer: Schedule = (draw, everyMs) => {
  const interval = setInterval(draw, everyMs)
  interval.unref()
  return () => clearInterval(interval)
}

/** One object a line, as the event log keeps them. The last line of a run is `RunFinished`. */
const json = (options: ReporterOptions): Reporter => {
  const { write } = output(options.stream)
  let closed = false
  return {
    emit: (event) => {
      if (!closed) write(`${lineOf(event, timeOf(event, options.now))}\n`)
    },
    log: () => undefined,
    close: () => void (closed = true)
  }
}

const none: Reporter = { emit: () => undefined, log: () => undefined, close: () => undefined }

/** A reporter in the given mode. */
export const make = (options: ReporterOptions): Reporter => {
  const scheduled = { ...options, schedule: options.schedule ?? timer }
  switch (options.mode) {
    case "live":
      return live(scheduled)
    case "plain":
      return plain(scheduled)
    case "json":
      return json(options)
    case "none":
      return none
  }
}

type Environment = { readonly [name: string]: string | undefined }

const inCi = ({ CI }: Environment): boolean => CI !== undefined && !["", "0", "false"].includes(CI)

/** The mode that `--progress` asks for; by itself live on a terminal that can, outside of CI, else plain. */
export const chooseMode = (
  stderr: { readonly isTTY?: boolean | undefined },
  env: Environment,
  flag: "auto" | Mode = "auto"
): Mode => {
  if (flag !== "auto") return flag
  return stderr.isTTY === true && !inCi(env) && env["TERM"] !== "dumb" ? "live" : "plain"
}

/** The reporter of this process: JSON to stdout, everything for people to stderr. */
export const forProcess = (flag: "auto" | Mode): Reporter => {
  const { stderr, stdout } = process
  const mode = chooseMode(stderr, process.env, flag)
  return make({
    mode,
    stream: mode === "json" ? stdout : stderr,
    columns: () => stderr.columns || 80,
    rows: () => stderr.rows || 24,
    now: Date.now,
    style: styleFor(stderr)
  })
}
