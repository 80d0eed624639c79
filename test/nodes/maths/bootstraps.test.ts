/**
 * The bootstraps over topics: exact distributions of tiny samples, NumPy's percentiles of a larger one, and properties.
 */
import { assert, describe, it } from "vitest"
import { clusterBootstrap } from "../../../nodes/maths/clusterBootstrap.ts"
import type { TopicCounts } from "../../../nodes/maths/Interval.ts"
import { pairedClusterBootstrap } from "../../../nodes/maths/pairedClusterBootstrap.ts"
import { wilson } from "../../../nodes/maths/wilson.ts"

const counts = (...pairs: ReadonlyArray<readonly [hits: number, n: number]>): TopicCounts =>
  new Map(pairs.map(([hits, n], i) => [`topic ${i}`, { hits, n }]))

const n = [10, 10, 5, 12, 10, 10, 8, 10, 10, 9]
const ten = counts(...[9, 3, 0, 7, 10, 2, 5, 8, 1, 6].map((hits, i) => [hits, n[i]!] as const))
const tenLower = counts(...[4, 1, 0, 7, 3, 0, 2, 5, 1, 1].map((hits, i) => [hits, n[i]!] as const))

describe("clusterBootstrap", () => {
  it("agrees with two million draws of NumPy", () => {
    const share = clusterBootstrap(ten, { draws: 20_000 })
    assert.deepStrictEqual([share.hits, share.n, share.topics], [51, 94, 10])
    assert.closeTo(share.interval!.lo, 0.34313725, 0.01)
    assert.closeTo(share.interval!.hi, 0.7311828, 0.01)
  })

  it("finds the exact percentiles of three topics", () => {
    // The number of drawn hits is binomial (3, 1/3): P(0) = 8/27, P(3) = 1/27 = 3.7 %.
    const three = counts([1, 1], [0, 1], [0, 1])
    assert.deepStrictEqual(clusterBootstrap(three).interval, { lo: 0, hi: 1 })
    assert.deepStrictEqual(clusterBootstrap(three, { level: 0.9 }).interval, { lo: 0, hi: 2 / 3 })
  })

  it("takes a topic with all its answers", () => {
    const wholeTopics = counts(...Array.from({ length: 10 }, (_, i) => [i < 5 ? 100 : 0, 100] as const))
    const { hi, lo } = clusterBootstrap(wholeTopics).interval!
    const independent = wilson({ hits: 500, n: 1000 })
    assert.isAbove(hi - lo, 8 * (independent.hi - independent.lo))
    // Topics that all agree carry no spread at all.
    assert.deepStrictEqual(clusterBootstrap(counts([3, 6], [2, 4], [5, 10])).interval, { lo: 0.5, hi: 0.5 })
  })

  it("is near the normal interval where every topic is one answer", () => {
    const single = counts(...Array.from({ length: 400 }, (_, i) => [i % 4 === 0 ? 1 : 0, 1] as const))
    const { hi, lo } = clusterBootstrap(single).interval!
    const half = 1.96 * Math.sqrt(0.25 * 0.75 / 400)
    assert.closeTo(lo, 0.25 - half, 0.006)
    assert.closeTo(hi, 0.25 + half, 0.006)
  })

  it("depends on the seed and not on the order of topics", () => {
    const backwards = new Map([...ten].reverse())
    assert.deepStrictEqual(clusterBootstrap(backwards), clusterBootstrap(ten))
    assert.notDeepEqual(clusterBootstrap(ten, { seed: 1 }), clusterBootstrap(ten))
  })

  it("gives no interval of one topic and leaves out topics without answers", () => {
    assert.deepStrictEqual(clusterBootstrap(counts([3, 4])), { hits: 3, n: 4, topics: 1, interval: null })
    assert.deepStrictEqual(clusterBootstrap(counts([3, 4], [0, 0])), { hits: 3, n: 4, topics: 1, interval: null })
    assert.throws(() => clusterBootstrap(counts([5, 4])), /topic 0: 5 hits of 4/)
  })
})

describe("pairedClusterBootstrap", () => {
  it("agrees with two million draws of NumPy", () => {
    const fall = pairedClusterBootstrap(ten, tenLower, { draws: 20_000 })
    assert.closeTo(fall.difference!, 27 / 94, 1e-12)
    assert.closeTo(fall.interval!.lo, 0.14285714, 0.01)
    assert.closeTo(fall.interval!.hi, 0.43956044, 0.01)
  })

  it("cancels what makes a topic hard for both arms", () => {
    const base = counts([9, 10], [5, 10], [1, 10], [7, 10])
    const arm = counts([8, 10], [4, 10], [0, 10], [6, 10])
    const { difference, interval } = pairedClusterBootstrap(arm, base)
    for (const value of [difference!, interval!.lo, interval!.hi]) assert.closeTo(value, -0.1, 1e-12)
    const alone = clusterBootstrap(arm).interval!
    assert.isAbove(alone.hi - alone.lo, 0.3)
  })

  it("compares common topics only and counts the others", () => {
    const arm: TopicCounts = new Map([["a", { hits: 1, n: 2 }], ["b", { hits: 2, n: 2 }], ["c", { hits: 0, n: 9 }]])
    const base: TopicCounts = new Map([["b", { hits: 1, n: 2 }], ["a", { hits: 1, n: 2 }], ["d", { hits: 9, n: 9 }]])
    const fall = pairedClusterBootstrap(arm, base)
    assert.deepStrictEqual([fall.difference, fall.topics, fall.unpaired], [0.25, 2, 2])
    assert.deepStrictEqual(fall.interval, { lo: 0, hi: 0.5 }) // draws aa, ab, ba, bb
    assert.deepStrictEqual(pairedClusterBootstrap(arm, new Map()), {
      difference: null,
      topics: 0,
      unpaired: 3,
      interval: null
    })
  })

  it("turns its sign when the arms change places", () => {
    const there = pairedClusterBootstrap(ten, tenLower)
    const back = pairedClusterBootstrap(tenLower, ten)
    assert.closeTo(there.difference!, -back.difference!, 1e-15)
    assert.closeTo(there.interval!.lo, -back.interval!.hi, 1e-12)
  })
})
