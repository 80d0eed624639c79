import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Budget from "../../runtime/Budget.ts"
import * as Control from "../../runtime/Control.ts"
import * as Slots from "../../runtime/Slots.ts"
import * as Usage from "../../runtime/Usage.ts"

const dollars = (usd: number): Usage.Usage => ({ ...Usage.none, usd })

describe("a budget of money", () => {
  it.effect("stops the run when it is spent, not before, and counts on", () =>
    Effect.gen(function*() {
      const control = yield* Control.make({ budget: { usd: 5 } })
      control.spend(dollars(4.99))
      assert.isUndefined(control.stopped())
      control.spend(dollars(0.02))
      assert.deepStrictEqual(control.stopped(), { reason: "budget", text: "the budget of $5 is spent ($5.01)" })
      control.spend(dollars(1))
      assert.approximately(control.spent(), 6.01, 1e-9)
      assert.strictEqual(control.stopped()!.text, "the budget of $5 is spent ($5.01)")
    }))
})

describe("a budget of time", () => {
  it.effect("stops the run when it is over, by the clock alone", () =>
    Effect.gen(function*() {
      const control = yield* Control.make({ budget: { seconds: 1800 } })
      const told = yield* Effect.forkChild(control.whenStopped)
      yield* TestClock.adjust("29 minutes")
      assert.isUndefined(control.stopped())
      yield* TestClock.adjust("1 minute")
      const stop = { reason: "budget", text: "the budget of 30 min is over" } as const
      assert.deepStrictEqual(control.stopped(), stop)
      assert.deepStrictEqual(yield* Fiber.join(told), stop)
    }))
})

describe("a stop", () => {
  it.effect("keeps its first reason", () =>
    Effect.gen(function*() {
      const control = yield* Control.make({ budget: { usd: 1 } })
      control.stop({ reason: "interrupted", text: "interrupted" })
      control.spend(dollars(2))
      assert.strictEqual(control.stopped()!.reason, "interrupted")
      assert.strictEqual((yield* control.whenStopped).reason, "interrupted")
    }))

  it("never comes where nothing controls a run", () =>
    Effect.runSync(Effect.gen(function*() {
      const control = yield* Control.Control
      control.stop({ reason: "interrupted", text: "interrupted" })
      control.spend(dollars(1e9))
      assert.isUndefined(control.stopped())
      assert.strictEqual(control.maxFailures, 16)
    })))
})

describe("slots", () => {
  /** Most effects at once of six that ask for a slot. */
  const mostAtOnce = (slots: Slots.Slots, slot: string | undefined) =>
    Effect.gen(function*() {
      const go = yield* Deferred.make<void>()
      let [running, most] = [0, 0]
      const one = slots.withSlot(
        slot,
        Effect.suspend(() => {
          most = Math.max(most, ++running)
          return Effect.ensuring(Deferred.await(go), Effect.sync(() => void running--))
        })
      )
      const all = yield* Effect.forkChild(Effect.all([one, one, one, one, one, one], { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 millis")
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(all)
      return most
    })

  it.effect("bound what goes on at once, each for itself", () =>
    Effect.gen(function*() {
      const slots = Slots.make(Slots.parse(["api=4", "cpu=2"]))
      assert.strictEqual(yield* mostAtOnce(slots, "api"), 4)
      assert.strictEqual(yield* mostAtOnce(slots, "cpu"), 2)
      assert.strictEqual(yield* mostAtOnce(slots, "gpu"), 1) // unless told otherwise
      assert.strictEqual(yield* mostAtOnce(slots, "disk"), 6)
      assert.strictEqual(yield* mostAtOnce(slots, undefined), 6)
      assert.strictEqual(yield* mostAtOnce(Slots.make(Slots.parse(["gpu=3"])), "gpu"), 3)
    }))

  it("are read from one text or several", () => {
    assert.deepStrictEqual([...Slots.parse(["gpu=1,api=64", " cpu = 2 "])], [["gpu", 1], ["api", 64], ["cpu", 2]])
    for (const wrong of ["gpu", "gpu=", "=2", "gpu=0", "gpu=-1", "gpu=1.5", "gpu=two", ""]) {
      assert.throws(() => Slots.parse([wrong]), "gpu=1,api=64")
    }
  })
})

describe("budgets", () => {
  it("are read in money and time, the smaller of two of a kind", () => {
    for (
      const [texts, budget] of [
        [["5usd"], { usd: 5 }],
        [["$2.50"], { usd: 2.5 }],
        [["0.5 USD"], { usd: 0.5 }],
        [["90s"], { seconds: 90 }],
        [["30min"], { seconds: 1800 }],
        [["1.5h"], { seconds: 5400 }],
        [["1d"], { seconds: 86_400 }],
        [["5usd", "2h"], { usd: 5, seconds: 7200 }],
        [["5usd,30m", "1h,3usd"], { usd: 3, seconds: 1800 }],
        [[], {}]
      ] as const
    ) assert.deepStrictEqual(Budget.parse(texts), budget)
  })

  it("are refused where they are no amount", () => {
    for (const wrong of ["5", "usd", "0usd", "-1h", "5eur", "$5h", "1h30", "5usd2h", ""]) {
      assert.throws(() => Budget.parse([wrong]), "an amount of money or time")
    }
  })

  it("are told in round units", () => {
    assert.deepStrictEqual(
      [5400, 7200, 90, 1800, 0.5].map(Budget.overText),
      ["90 min", "2 h", "90 s", "30 min", "0.5 s"].map((time) => `the budget of ${time} is over`)
    )
  })
})
