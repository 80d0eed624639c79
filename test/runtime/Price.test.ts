/** Prices from history, worked by hand, and what must hold of any history. */
import { assert, describe, it } from "vitest"
import type { Action } from "../../cache/Manifest.ts"
import { priceOf } from "../../runtime/Price.ts"

const action = (durationMs: number, usd: number, rows?: readonly [ran: number, reused: number]): Action => ({
  key: "k",
  node: "n",
  label: "n",
  manifest: { kind: "value", blob: "b", content: "c" },
  parts: {},
  startedAt: "2026-11-21T00:00:00.000Z",
  durationMs,
  usage: { tokens: 0, usd, seconds: 0 },
  run: "r",
  host: { cpu: "", node: "", platform: "" },
  ...(rows === undefined ? {} : { rows: { ran: rows[0], reused: rows[1], failed: 0 } })
})

const near = (found: { readonly low: number; readonly high: number } | undefined, low: number, high: number) => {
  assert.closeTo(found!.low, low, 1e-9)
  assert.closeTo(found!.high, high, 1e-9)
}

describe("priceOf", () => {
  it("of one past run is ± 30 %", () => {
    const cost = priceOf([action(10_000, 2)], undefined)!
    near(cost.seconds, 7, 13)
    near(cost.usd, 1.4, 2.6)
    assert.strictEqual(cost.basis, "history")
  })

  it("of rows counts by the row that ran, reused rows aside", () => {
    const cost = priceOf([action(10_000, 2, [100, 900])], 50)!
    near(cost.seconds, 3.5, 6.5) // 0.1 s a row
    near(cost.usd, 0.7, 1.3)
    near(priceOf([action(10_000, 2, [100, 900])], undefined)!.seconds, 70, 130) // all 1,000 rows
  })

  it("of several runs is the middle 80 %, by as many rows as each ran", () => {
    // a second a row in 90 rows of 100, 5 s a row in 10: the middles lie at 0.45 and 0.95 of all rows
    const history = [action(90_000, 0, [90, 0]), action(50_000, 0, [10, 0])]
    near(priceOf(history, 1)!.seconds, 1, 1 + (4 * (0.9 - 0.45)) / (0.95 - 0.45))
    // five equal runs: middles at 0.1, 0.3, 0.5, 0.7, 0.9
    const five = [3, 1, 5, 2, 4].map((seconds) => action(1000 * seconds, 0))
    near(priceOf(five, undefined)!.seconds, 1, 5)
    // ten: 0.1 lies between the first (0.05) and the second (0.15)
    const ten = Array.from({ length: 10 }, (_, i) => action(1000 * (i + 1), 0))
    near(priceOf(ten, undefined)!.seconds, 1.5, 9.5)
  })

  it("learns nothing from a run that reused every row", () => {
    assert.isUndefined(priceOf([action(5, 0, [0, 100])], 10))
    near(priceOf([action(5, 0, [0, 100]), action(10_000, 0, [100, 0])], 10)!.seconds, 0.7, 1.3)
  })

  it("without history is what a service says of itself, and without that nothing", () => {
    const estimate = { secondsPerRow: 2, usdPerRow: 0.015, basis: "list prices" }
    const cost = priceOf([], 40_000, estimate)!
    assert.deepStrictEqual(cost.usd, { low: 600, high: 600 })
    assert.strictEqual(cost.basis, "list prices")
    assert.isUndefined(priceOf([], 40_000))
  })

  it("lies within what was seen, grows with the rows, and does not depend on the order", () => {
    let seed = 7
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647
    for (let round = 0; round < 200; round++) {
      const history = Array.from({ length: 2 + Math.floor(random() * 6) }, () => {
        const rows = 1 + Math.floor(random() * 100)
        return action(rows * 1000 * random(), 0, [rows, 0])
      })
      const rates = history.map(({ durationMs, rows }) => durationMs / 1000 / rows!.ran)
      const { high, low } = priceOf(history, 1)!.seconds
      assert.isAtLeast(low, Math.min(...rates) - 1e-9)
      assert.isAtMost(high, Math.max(...rates) + 1e-9)
      assert.isAtMost(low, high)
      near(priceOf(history, 8)!.seconds, 8 * low, 8 * high)
      near(priceOf([...history].reverse(), 1)!.seconds, low, high)
    }
  })
})
