/**
 * What a stopped run leaves to do, folded from its events, and the one message that says so.
 */
import type { Event, NodeCounts, Stop } from "../Event.ts"
import { count, counted } from "../terminal/format.ts"

/** Labels named in the message. */
const named = 3

export class Left {
  /** Rows to run and rows done of the nodes that have not ended, by label. */
  readonly #rows = new Map<string, { toRun: number; done: number }>()

  apply(event: Event): void {
    if (event.event === "RowsFound") this.#rows.set(event.label, { toRun: event.toRun, done: 0 })
    const rows = "label" in event ? this.#rows.get(event.label) : undefined
    if (rows === undefined || !("label" in event)) return
    if (event.event === "Progress") rows.done = event.done
    if (event.event === "NodeFinished") this.#rows.delete(event.label)
  }

  /** For example `stopped: interrupted; 3 of 12 nodes are left (critique: 410 rows); …`. */
  message(stop: Stop, { fresh, ran, total }: NodeCounts): string {
    const rows = [...this.#rows].flatMap(([label, { done, toRun }]) =>
      toRun > done ? [`${label}: ${counted(toRun - done, "row")}`] : []
    )
    const detail = rows.length === 0 ? "" : ` (${rows.slice(0, named).join(", ")}${rows.length > named ? ", …" : ""})`
    const nodes = total - ran - fresh
    return `stopped: ${stop.text}; ${count(nodes)} of ${counted(total, "node")} ${
      nodes === 1 ? "is" : "are"
    } left${detail}; finished rows are kept: run the same command again to go on`
  }
}
