/**
 * A clock that is set back, between runs and within one: what was done stays done, the latest run is the one that came
 * last, durations are never negative, and a result that replaced another stands.
 */
import * as Effect from "effect/Effect"
import { afterEach, assert, describe, it, vi } from "vitest"
import { digestBytes } from "../../cache/Digest.ts"
import * as CacheStore from "../../cache/Store.ts"
import type { Event } from "../../runtime/Event.ts"
import { ended, ran } from "../support/whatRan.ts"
import { temporaryFolder } from "../support/pipeline.ts"
import { MixedRuns } from "./MixedRuns.ts"

const day = 86_400_000

const set = (clock: { readonly shiftMs?: number; readonly backMs?: number; readonly every?: number }) => ({
  hooks: ["clock"],
  env: { FAULTS_CLOCK: JSON.stringify(clock) }
})

const timesOf = (events: ReadonlyArray<Event>): ReadonlyArray<number> =>
  events.map((event) => Date.parse((event as Event & { readonly t: string }).t))

describe("a clock that was set back by a day", () => {
  it("loses nothing, repeats nothing, and the latest run is the one that came last", async () => {
    const runs = new MixedRuns()
    const first = await runs.run({ refused: true })
    assert.strictEqual(first.exitCode, 1)
    const second = await runs.run(set({ shiftMs: -day }))
    assert.strictEqual(second.exitCode, 0, second.stderr)
    runs.assertNothingRepeated("the second run")
    const listed = JSON.parse((await runs.call(["ls", "--runs", "--json"], set({ shiftMs: -day }))).stdout)
    assert.deepStrictEqual(listed.map(({ state }: { readonly state: string }) => state), ["ok", "failed"])
    assert.include((await runs.call(["show", "report"])).stdout, "splendid") // the first run has no report
    const third = await runs.run(set({ shiftMs: -2 * day }))
    assert.strictEqual(ended(third.events).nodes.fresh, 7)
    runs.remove()
  })
})

describe("a clock that is set back again and again during a run", () => {
  it("makes no duration negative and no log go back", async () => {
    const runs = new MixedRuns()
    const { events, exitCode, stderr } = await runs.run(set({ backMs: 60_000, every: 5 }))
    assert.strictEqual(exitCode, 0, stderr)
    assert.strictEqual(ran(events).length, 7)
    for (const event of events) if ("durationMs" in event) assert.isAtLeast(event.durationMs, 0, JSON.stringify(event))
    const times = timesOf(events)
    assert.deepStrictEqual(times, times.toSorted((a, b) => a - b))
    const plan = JSON.parse((await runs.call(["plan", "experiment.ts", "--force", "weigh", "--json"])).stdout)
    assert.notMatch(JSON.stringify(plan), /"(?:low|high|seconds)[A-Za-z]*":-/)
    runs.remove()
  })
})

describe("a row that is computed anew twice", () => {
  afterEach(() => void vi.restoreAllMocks())

  it("has its last result, also when the clock was set back before it", async () => {
    const folder = temporaryFolder()
    const key = digestBytes("a row")
    const write = (text: string) =>
      Effect.runPromise(
        Effect.gen(function*() {
          const memo = yield* (yield* CacheStore.Store).openMemo(digestBytes("a function"))
          const before = memo.get(key)
          yield* memo.append(key, Buffer.from(text), { replace: true })
          return before === undefined ? undefined : Buffer.from(before).toString()
        }).pipe(Effect.scoped, Effect.provide(CacheStore.layer(folder.path)))
      )
    await write("first")
    const now = Date.now()
    vi.spyOn(Date, "now").mockReturnValue(now - day)
    assert.strictEqual(await write("second"), "first")
    vi.spyOn(Date, "now").mockReturnValue(now - 2 * day)
    assert.strictEqual(await write("third"), "second")
    assert.strictEqual(await write("fourth"), "third")
    folder.remove()
  })
})
