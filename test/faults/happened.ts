/**
 * What a run says it did, from its events.
 */
import type { Event } from "../../runtime/Event.ts"

type Named<Name extends Event["event"]> = Extract<Event, { readonly event: Name }>

const ofName = <const Name extends Event["event"]>(
  events: ReadonlyArray<Event>,
  name: Name
): ReadonlyArray<Named<Name>> => events.filter((event): event is Named<Name> => event.event === name)

/** Labels of the nodes that ran here, in order. */
export const ran = (events: ReadonlyArray<Event>): ReadonlyArray<string> =>
  ofName(events, "NodeFinished").flatMap(({ label, shared }) => shared === true ? [] : [label])

/** Labels of the nodes that were fresh, or that another run finished meanwhile. */
export const reused = (events: ReadonlyArray<Event>): ReadonlyArray<string> => [
  ...ofName(events, "NodeFresh").map(({ label }) => label),
  ...ofName(events, "NodeFinished").flatMap(({ label, shared }) => shared === true ? [label] : [])
]

/** The node's last progress: `done` is durable for rows. */
export const progressOf = (events: ReadonlyArray<Event>, label: string) =>
  ofName(events, "Progress").filter((event) => event.label === label)

export const rowsFound = (events: ReadonlyArray<Event>, label: string) =>
  ofName(events, "RowsFound").find((event) => event.label === label)

/** How the run ended. Throws where it did not. */
export const ended = (events: ReadonlyArray<Event>): Named<"RunFinished"> => {
  const last = ofName(events, "RunFinished").at(-1)
  if (last === undefined) throw new Error("the run said nothing of its end")
  return last
}
