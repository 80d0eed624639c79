/** What is kept of what a run says: on a clock and a timer of our own, and of a real run. */
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import { Store } from "../../cache/Store.ts"
import type { Event } from "../../runtime/Event.ts"
import { eventsFrom, eventWriter, lineOf } from "../../runtime/EventLog.ts"
import * as Node from "../../runtime/Node.ts"
import * as RunFacts from "../../runtime/RunFacts.ts"
import * as Type from "../../runtime/Type.ts"
import * as Schema from "effect/Schema"
import { laboratory } from "./support/world.ts"

/** A writer whose time passes when it is told to. */
const writer = () => {
  const pieces: Array<string> = []
  const due: Array<{ readonly atMs: number; readonly callBack: () => void }> = []
  let nowMs = 0
  const made = eventWriter({
    append: (lines) => void pieces.push(lines),
    now: () => nowMs,
    schedule: (callBack, afterMs) => void due.push({ atMs: nowMs + afterMs, callBack })
  })
  const pass = (ms: number) => {
    for (const until = nowMs + ms; nowMs < until; nowMs++) {
      for (const one of due.splice(0)) {
        if (one.atMs <= nowMs) one.callBack()
        else due.push(one)
      }
    }
  }
  const events = () => eventsFrom(pieces.join("").split("\n").slice(0, -1), 0).events
  return { ...made, pass, pieces, events, waiting: () => due.length }
}

const progress = (label: string, done: number): Event => ({ event: "Progress", label, done, total: 100 })
const done = (label: string): Event => ({
  event: "NodeFinished",
  label,
  key: "k",
  durationMs: 1,
  usd: 0,
  unchanged: false
})

describe("eventWriter", () => {
  it("writes an event with its time within 250 ms, many at once, and nothing while nothing happens", () => {
    const { emit, pass, pieces, waiting } = writer()
    emit({ event: "NodeFresh", label: "a", key: "k" })
    pass(10)
    emit({ event: "NodeFresh", label: "b", key: "k" })
    assert.deepStrictEqual(pieces, [])
    pass(250)
    assert.deepStrictEqual(pieces, [
      "{\"event\":\"NodeFresh\",\"label\":\"a\",\"key\":\"k\",\"t\":\"1970-01-01T00:00:00.000Z\"}\n"
      + "{\"event\":\"NodeFresh\",\"label\":\"b\",\"key\":\"k\",\"t\":\"1970-01-01T00:00:00.010Z\"}\n"
    ])
    assert.strictEqual(waiting(), 0)
  })

  it("keeps two lines of progress a second of each node, in the end the latest, as it was said", () => {
    const { emit, events, pass } = writer()
    for (let ms = 0; ms < 2000; ms += 10) {
      emit(progress("a", ms / 20))
      if (ms % 100 === 0) emit(progress("b", ms / 20))
      pass(10)
    }
    pass(1000)
    const of = (label: string) => events().filter(({ event }) => event.event === "Progress" && event.label === label)
    for (const label of ["a", "b"]) assert.isAtMost(of(label).length, 5)
    const last = (label: string) => [of(label).at(-1)!.event, of(label).at(-1)!.atMs]
    assert.deepStrictEqual(last("a"), [progress("a", 99.5), 1990])
    assert.deepStrictEqual(last("b"), [progress("b", 95), 1900])
  })

  it("says nothing of a node's progress after its end", () => {
    const { emit, events, pass } = writer()
    emit(progress("a", 1))
    emit(progress("a", 2))
    emit(done("a"))
    pass(2000)
    assert.deepStrictEqual(events().map(({ event }) => event.event), ["Progress", "NodeFinished"])
  })
})

describe("eventsFrom", () => {
  const lines = [lineOf(done("a"), 5), "{\"event\":\"Later\",\"t\":\"no time\"}", lineOf(done("b"), 7)]

  it("leaves out what is no event", () => {
    const { events, next } = eventsFrom(lines, 0)
    assert.deepStrictEqual(events.map(({ atMs }) => atMs), [5, 7])
    assert.strictEqual(next, 3)
  })

  it("reads a last line that is still being written again when it is whole", () => {
    const torn = [...lines, lineOf(done("c"), 9).slice(0, 40)]
    const first = eventsFrom(torn, 0)
    assert.deepStrictEqual([first.events.length, first.next], [2, 3])
    const second = eventsFrom([...lines, lineOf(done("c"), 9)], first.next)
    assert.deepStrictEqual(second.events.map(({ event }) => event), [done("c")])
  })
})

describe("a run", () => {
  const one = Node.make({ name: "one", inputs: {}, output: Type.value("n", Schema.Int), run: () => 1 })

  it("keeps what it said beside its record, and holds it no longer when it has ended", async () => {
    const lab = laboratory()
    const { events } = await lab.run({ one: one({}) })
    const { kept, record } = await lab.within({ one: one({}) }, {}, () =>
      Effect.gen(function*() {
        const store = yield* Store
        const record = (yield* store.latestRun())!
        return { record, kept: eventsFrom(yield* store.readEvents(record.run), 0).events }
      }))
    assert.deepStrictEqual(kept.map(({ event }) => event), events)
    assert.deepStrictEqual(kept.map(({ event }) => event.event), [
      "RunStarted",
      "NodeStarted",
      "NodeFinished",
      "RunFinished"
    ])
    assert.strictEqual(RunFacts.stateOf(record), "ok")
    const { finishedAt: _, ...without } = record
    assert.strictEqual(RunFacts.stateOf(without), "killed")
  })
})
