/**
 * What a run did, from its events: tests of an incremental engine assert what ran and what did not, not only results.
 */
import type { Event, On, RowCounts } from "../../runtime/Event.ts"

const ofName = <const Name extends Event["event"]>(
  events: ReadonlyArray<Event>,
  name: Name
): ReadonlyArray<On<Name>> => events.filter((event): event is On<Name> => event.event === name)

/** Labels of the nodes that ran here, in the order they finished. */
export const ran = (events: ReadonlyArray<Event>): ReadonlyArray<string> =>
  ofName(events, "NodeFinished").flatMap(({ label, shared }) => shared === true ? [] : [label])

/** Labels of the nodes that were fresh, or that another run finished meanwhile. */
export const reused = (events: ReadonlyArray<Event>): ReadonlyArray<string> => [
  ...ofName(events, "NodeFresh").map(({ label }) => label),
  ...ofName(events, "NodeFinished").flatMap(({ label, shared }) => shared === true ? [label] : [])
]

/** What became of a row node's rows. Throws where the node did not finish here. */
export const rowsRan = (events: ReadonlyArray<Event>, label: string): RowCounts => {
  const finished = ofName(events, "NodeFinished").find((event) => event.label === label)
  if (finished?.rows === undefined) throw new Error(`${label} has run no rows: ${ran(events).join(", ")} ran`)
  return finished.rows
}

/** The node's progress; `done` is durable for rows. */
export const progressOf = (events: ReadonlyArray<Event>, label: string): ReadonlyArray<On<"Progress">> =>
  ofName(events, "Progress").filter((event) => event.label === label)

export const rowsFound = (events: ReadonlyArray<Event>, label: string): On<"RowsFound"> | undefined =>
  ofName(events, "RowsFound").find((event) => event.label === label)

/** How the run ended. Throws where it did not. */
export const ended = (events: ReadonlyArray<Event>): On<"RunFinished"> => {
  const last = ofName(events, "RunFinished").at(-1)
  if (last === undefined) throw new Error("the run said nothing of its end")
  return last
}
