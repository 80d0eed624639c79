/**
 * A report that only grows, for logs and pipes: a line when a node starts, at every quarter, when it has said nothing
 * for a minute, and when it ends. No cursor control and no cutting: the reader may be a file.
 */
import type { Event } from "../Event.ts"
import { type EventLine, eventLine, firstFailedLine } from "./eventPieces.ts"
import { counted } from "./format.ts"
import { progressPieces, spaced } from "./nodeLines.ts"
import { output } from "./output.ts"
import type { Reporter, ReporterOptions, Schedule } from "./ReporterOptions.ts"
import { type RunningNode, RunState } from "./RunState.ts"
import { paint, type Piece, type Tone } from "./style.ts"
import { visible } from "./text.ts"

/** A node says something at least this often. */
const silenceMs = 60_000

/** How often silence is looked for. */
const lookMs = 5000

const quarterOf = ({ progress }: RunningNode): number =>
  progress === undefined || progress.total <= 0 ? 0 : Math.floor((4 * progress.done) / progress.total)

/** What was last said about a node that runs. */
interface Said {
  atMs: number
  quarter: number
}

/** Writes lines. */
export const plain = (options: ReporterOptions & { readonly schedule: Schedule }): Reporter => {
  const { now, style } = options
  const { write } = output(options.stream)
  const state = new RunState(now())
  const said = new Map<string, Said>()

  const line = (word: string, tone: Tone, pieces: ReadonlyArray<Piece>) =>
    write(`${paint([[word.padEnd(8), tone], ...pieces], Infinity, style)}\n`)

  const progress = (node: RunningNode) => {
    said.set(node.label, { atMs: now(), quarter: quarterOf(node) })
    const percent = node.progress === undefined || node.progress.total <= 0
      ? "running"
      : `${Math.floor((100 * node.progress.done) / node.progress.total)} %`
    line(
      percent,
      "dim",
      spaced([[visible(node.label), "strong"], ...progressPieces(node, now()).filter(([text]) => text.trim() !== "")])
    )
  }

  const onProgress = (node: RunningNode) => {
    const last = said.get(node.label)!
    const quarter = quarterOf(node)
    // the last quarter is said by the line of the end
    if ((quarter > last.quarter && quarter < 4) || now() - last.atMs >= silenceMs) progress(node)
  }

  const tell = ({ more = [], pieces, tone, word }: EventLine) => {
    line(word, tone, pieces)
    for (const one of more) write(`${" ".repeat(8)}${one}\n`)
  }

  const report = (event: Event, node: RunningNode | undefined) => {
    switch (event.event) {
      case "NodeStarted":
        said.set(event.label, { atMs: now(), quarter: 0 })
        return tell(eventLine(event))
      case "Progress":
        return node === undefined ? undefined : onProgress(node)
      case "RowFailed":
        return node?.failed === 1 ? tell(firstFailedLine(event)) : undefined
      case "RowRetried":
        return node?.retried === 1 ? tell(eventLine(event)) : undefined
      case "NodeFresh":
      case "NodeSkipped": // counted at the end
      case "RunFinished": // the summary says it
        return undefined
      default:
        return tell(eventLine(event))
    }
  }

  const stop = options.schedule(() => {
    for (const node of state.running.values()) {
      if (now() - said.get(node.label)!.atMs >= silenceMs) progress(node)
    }
  }, lookMs)
  let closed = false

  return {
    emit: (event) => {
      if (!closed) report(event, state.apply(event, now()))
    },
    log: (text) => closed ? undefined : write(`${text}\n`),
    close: () => {
      if (closed) return
      closed = true
      stop()
      if (state.fresh > 0) line("fresh", "dim", [[counted(state.fresh, "node")]])
      if (state.skipped > 0) line("skipped", "dim", [[counted(state.skipped, "node")]])
    }
  }
}
