/** Points of a plotted metric against values worked by hand: pooling, intervals, order. */
import { assert, describe, it } from "vitest"
import { type Measured, metricPoints } from "../../../nodes/plot/metricPoints.ts"

const rate = (x: number, seed: string | null, hits: number, n: number, line = ""): Measured => ({
  line,
  x,
  seed,
  n,
  of: { kind: "rate", hits }
})

const mean = (x: number, seed: string | null, value: number, deviation: number | null, n: number): Measured => ({
  line: "",
  x,
  seed,
  n,
  of: { kind: "mean", mean: value, deviation }
})

const points = (measured: ReadonlyArray<Measured>) => metricPoints(measured)[0]!.points

describe("metricPoints", () => {
  it("pools the answers of a rate and gives Wilson's interval", () => {
    const [point] = points([rate(1, "0", 1, 4), rate(1, "1", 5, 6)])
    assert.deepStrictEqual([point!.value, point!.n], [0.6, 10])
    // Wilson, 6 of 10: (0.6 + z²/20 ± z √(0.024 + z²/400)) / (1 + z²/10) with z² = 3.8414588
    assert.approximately(point!.interval!.lo, 0.3126738, 1e-6)
    assert.approximately(point!.interval!.hi, 0.8318197, 1e-6)
    assert.deepStrictEqual(point!.seeds, [{ seed: "0", value: 0.25 }, { seed: "1", value: 5 / 6 }])
  })

  it("takes each seed's mean as one measurement", () => {
    const [point] = points([mean(2, "0", 1, 9, 10), mean(2, "1", 3, 9, 1000)])
    // means 1 and 3: mean 2, deviation √2, so the half width is 12.7062047 · √2 / √2
    assert.strictEqual(point!.value, 2)
    assert.approximately(point!.interval!.lo, 2 - 12.7062047, 1e-6)
    assert.approximately(point!.interval!.hi, 2 + 12.7062047, 1e-6)
    assert.strictEqual(point!.n, 1010)
  })

  it("has the rows' interval with one seed, and none with one row", () => {
    const [many, single] = points([mean(1, null, 5, 2, 4), mean(2, "0", 7, null, 1)])
    assert.approximately(many!.interval!.hi, 5 + 1.959964, 1e-6)
    assert.isNull(single!.interval)
    assert.deepStrictEqual([many!.seeds, single!.seeds], [[], []])
  })

  it("orders points by x as numbers, and lines as they come", () => {
    const lines = metricPoints([rate(10, null, 1, 2, "b"), rate(9, null, 1, 2, "b"), rate(1, null, 1, 2, "a")])
    assert.deepStrictEqual(lines.map(({ line, points }) => [line, points.map(({ x }) => x)]), [["b", [9, 10]], [
      "a",
      [1]
    ]])
  })
})
