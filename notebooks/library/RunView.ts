/**
 * A run as an output that changes: what has ended above, what runs below, as the terminal shows it. Takes events and
 * draws; where events come from is `run.ts`' and `watch.ts`'.
 */
import type { Event, On } from "../../runtime/Event.ts"
import { liveRows } from "../../runtime/terminal/liveRows.ts"
import { failedText, finishedPieces, rowFailedPieces } from "../../runtime/terminal/nodeLines.ts"
import { RunState } from "../../runtime/terminal/RunState.ts"
import { paint, uncoloured } from "../../runtime/terminal/style.ts"
import { summaryLines } from "../../runtime/terminal/summaryLines.ts"
import { visible, wrap } from "../../runtime/terminal/text.ts"
import { escapeHtml } from "./htmlTable.ts"
import { type Bundle, type Changing, displayChanging } from "./kernel.ts"

/** Characters on a line of the view. */
const width = 110

/** Lines about what has ended; those before are counted. */
const mostEnded = 24

/** Unit: milliseconds between two drawings. */
const drawEveryMs = 300

const bundle = (lines: ReadonlyArray<string>): Bundle => ({
  "text/html": `<pre style="line-height: 1.25">${escapeHtml(lines.join("\n"))}</pre>`,
  "text/plain": lines.join("\n")
})

export class RunView {
  readonly #state = new RunState(Date.now())
  readonly #ended: Array<string> = []
  readonly #failures: Array<{ readonly message: string }> = []
  readonly #out: Changing
  #head = ""
  #last: On<"RunFinished"> | undefined
  #failedRows = new Set<string>()
  #drawnMs = 0
  #drawing: Promise<void> = Promise.resolve()

  /** Shows the empty view. */
  static async open(): Promise<RunView> {
    return new RunView(await displayChanging(bundle(["starting …"])))
  }

  private constructor(out: Changing) {
    this.#out = out
  }

  /** The end that the run wrote; undefined as long as it has not. */
  get finished(): On<"RunFinished"> | undefined {
    return this.#last
  }

  /** Takes an event in and draws now and then. */
  apply(event: Event, atMs = Date.now()): void {
    const node = this.#state.apply(event, atMs)
    this.#note(event, node?.why ?? "")
    if (Date.now() - this.#drawnMs < drawEveryMs) return
    this.#drawnMs = Date.now()
    this.#drawing = this.#drawing.then(() => this.#out.update(bundle(this.#lines())))
  }

  #note(event: Event, why: string): void {
    switch (event.event) {
      case "RunStarted":
        this.#head = visible(`${event.experiment}  run ${event.run}`)
        break
      case "NodeFinished":
        this.#ended.push(paint([["✓ "], ...finishedPieces(event, why)], width, uncoloured))
        break
      case "NodeFailed":
        this.#failures.push({ message: failedText(event) })
        this.#ended.push(...wrap(`✗ ${failedText(event)}`, width))
        break
      case "RowFailed":
        if (!this.#failedRows.has(event.label)) {
          this.#ended.push(paint([["! "], ...rowFailedPieces(event)], width, uncoloured))
        }
        this.#failedRows.add(event.label)
        break
      case "RunFinished":
        this.#last = event
    }
  }

  #lines(): ReadonlyArray<string> {
    const hidden = Math.max(0, this.#ended.length - mostEnded)
    const head = this.#head === "" ? [] : [this.#head]
    const above = [...head, ...(hidden > 0 ? [`… ${hidden} lines before`] : []), ...this.#ended.slice(hidden)]
    const last = this.#last
    if (last !== undefined) {
      const told = { ...last, stopped: last.stopped, failures: this.#failures }
      return [...above, ...summaryLines(told, { width, style: uncoloured })]
    }
    return [...above, ...liveRows(this.#state, { columns: width, rows: 16, nowMs: Date.now(), style: uncoloured })]
  }

  /** Draws the end and resolves once it is safely with the notebook; `note` says what no event did. */
  async close(note?: string): Promise<void> {
    await this.#drawing
    await this.#out.finish(bundle([...this.#lines(), ...(note === undefined ? [] : wrap(note, width))]))
  }
}
