/**
 * The event log of a run: NDJSON beside its record, each line what `--json` prints, so that what happened can be read
 * afterwards and from other terminals while the run goes on. A log explains; nothing is computed from it, and a run whose
 * log cannot be written goes on without.
 */
import * as Effect from "effect/Effect"
import { Store } from "../cache/Store.ts"
import { Emit, type Event, type On } from "./Event.ts"

/** **Unit**: milliseconds between two `Progress` lines of one node. */
const progressEveryMs = 500

/** **Unit**: milliseconds after which lines that wait are written, so that a reader who follows sees them. */
const writeEveryMs = 250

/** **Unit**: UTF-16 units. Lines are written at once where more than this has gathered. */
const writeBeyond = 1 << 16

/** The line of an event that happened at `atMs`, without a line feed: the event as it is, then the time `t` (ISO 8601, UTC). */
export const lineOf = (event: Event, atMs: number): string =>
  JSON.stringify({ ...event, t: new Date(atMs).toISOString() })

const times = new WeakMap<Event, number>()

/** When an event happened: when it was first asked for. So every line of it says the same, whoever writes it. */
export const timeOf = (event: Event, now: () => number): number => {
  const known = times.get(event)
  if (known !== undefined) return known
  const nowMs = now()
  times.set(event, nowMs)
  return nowMs
}

/** A clock that stands still where another goes back: events of a run are in the order of their times. */
const forwards = (now: () => number) => {
  let latestMs = -Infinity
  return () => latestMs = Math.max(latestMs, now())
}

/** Takes events in; hands lines on in pieces. Nothing of it throws. */
export interface EventWriter {
  readonly emit: (event: Event) => void
  /** Hands on what waits. */
  readonly flush: () => void
}

export interface EventWriterOptions {
  /** Takes whole lines, each with its line feed. */
  readonly append: (lines: string) => void
  /** **Unit**: milliseconds since 1970. */
  readonly now: () => number
  /** Calls back once after so many milliseconds; must not keep the process alive. */
  readonly schedule: (callBack: () => void, afterMs: number) => void
}

/** A writer that keeps at most two `Progress` lines a second of a node, always the latest. */
export const eventWriter = ({ append, now, schedule }: EventWriterOptions): EventWriter => {
  const written = new Map<string, number>() // by label: when its last progress was kept
  const held = new Map<string, On<"Progress">>()
  let lines = ""
  let scheduled = false

  const keep = (event: Event) => {
    lines += `${lineOf(event, timeOf(event, now))}\n`
  }
  const keepProgress = (event: On<"Progress">, nowMs: number) => {
    held.delete(event.label)
    written.set(event.label, nowMs)
    keep(event)
  }
  const flush = () => {
    if (lines === "") return
    const ready = lines
    lines = ""
    append(ready)
  }
  const tick = () => {
    scheduled = false
    const nowMs = now()
    for (const event of held.values()) {
      if (nowMs - written.get(event.label)! >= progressEveryMs) keepProgress(event, nowMs)
    }
    flush()
    if (held.size > 0) later()
  }
  const later = () => {
    if (scheduled) return
    scheduled = true
    schedule(tick, writeEveryMs)
  }

  return {
    emit: (event) => {
      const nowMs = timeOf(event, now)
      if (event.event === "Progress") {
        const last = written.get(event.label)
        if (last === undefined || nowMs - last >= progressEveryMs) keepProgress(event, nowMs)
        else held.set(event.label, event)
        return later()
      }
      if (event.event === "NodeFinished" || event.event === "NodeFailed") held.delete(event.label)
      keep(event)
      // a run has a log as soon as it says that it began
      const atOnce = event.event === "RunStarted" || event.event === "RunFinished"
      if (atOnce || lines.length > writeBeyond) flush()
      else later()
    },
    flush
  }
}

/**
 * The `Emit` of a run that also writes its log; what waits is written when the scope ends. Provide it to everything that
 * emits within the run.
 */
export const recording = Effect.fnUntraced(function*(run: string) {
  const store = yield* Store
  const outer = yield* Emit
  const writer = eventWriter({
    append: (lines) => void Effect.runFork(store.appendEvents(run, lines)),
    now: forwards(Date.now),
    schedule: (callBack, afterMs) => void setTimeout(callBack, afterMs).unref()
  })
  yield* Effect.addFinalizer(() => Effect.sync(writer.flush))
  return (event: Event): void => {
    writer.emit(event)
    outer(event)
  }
})

/** An event of a log with its time. */
export interface Logged {
  /** **Unit**: milliseconds since 1970. */
  readonly atMs: number
  readonly event: Event
  /** The line as it stands in the log. */
  readonly line: string
}

const eventOf = (line: string): Logged | undefined => {
  try {
    const { t, ...event } = JSON.parse(line) as Event & { readonly t: string }
    const atMs = Date.parse(t)
    return typeof event.event === "string" && !Number.isNaN(atMs) ? { atMs, event: event as Event, line } : undefined
  } catch {
    return undefined
  }
}

/**
 * The events of a log from its line `from` on, and the line to read on from. A last line that is no event is still being
 * written, or was when the run was killed; any other that is none says something of a later version, and is left out.
 */
export const eventsFrom = (
  lines: ReadonlyArray<string>,
  from: number
): { readonly events: ReadonlyArray<Logged>; readonly next: number } => {
  const events = lines.slice(from).map(eventOf)
  const torn = events.length > 0 && events.at(-1) === undefined
  return { events: events.filter((event) => event !== undefined), next: torn ? lines.length - 1 : lines.length }
}
