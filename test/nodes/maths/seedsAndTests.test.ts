/** Seeds as a level, many tests at once, and verification scores: values of SciPy 1.17, statsmodels 0.15, or by hand. */
import { assert, describe, it } from "vitest"
import { makeRandom } from "../../../models/sample/Random.ts"
import { crossedBootstrap } from "../../../nodes/maths/crossedBootstrap.ts"
import { holm } from "../../../nodes/maths/holm.ts"
import { seedInterval, studentQuantile } from "../../../nodes/maths/seedInterval.ts"
import { verificationF1 } from "../../../nodes/maths/verificationF1.ts"

describe("holm", () => {
  it("gives statsmodels' adjusted values in the order given", () => {
    const close = (found: ReadonlyArray<number>, wanted: ReadonlyArray<number>) =>
      found.forEach((p, i) => assert.closeTo(p, wanted[i]!, 1e-12))
    close(holm([0.01, 0.04, 0.03, 0.005, 0.2]), [0.04, 0.09, 0.09, 0.025, 0.2])
    close(holm([0.5, 0.0001, 0.02]), [0.5, 0.0003, 0.04])
    assert.deepStrictEqual(holm([]), [])
    assert.throws(() => holm([1.5]), /1.5 is no p-value/)
  })

  it("never lowers a p-value and keeps their order", () => {
    const { uniform } = makeRandom(3)
    for (let round = 0; round < 50; round++) {
      const raw = Array.from({ length: 8 }, () => uniform() ** 3)
      const made = holm(raw)
      raw.forEach((p, i) => {
        assert.isAtLeast(made[i]!, p)
        raw.forEach((q, j) => p < q && assert.isAtMost(made[i]!, made[j]!))
      })
    }
  })
})

describe("seedInterval", () => {
  it("is Student's interval of the mean", () => {
    // rates 0.1, 0.2, 0.3: mean 0.2, deviation 0.1, half 4.302653 * 0.1 / sqrt(3)
    const { deviation, interval, mean, seeds } = seedInterval([0.1, 0.3, 0.2])
    assert.strictEqual(seeds, 3)
    assert.closeTo(mean, 0.2, 1e-15)
    assert.closeTo(deviation!, 0.1, 1e-15)
    assert.closeTo(interval!.hi, 0.2 + 0.24841377, 1e-7)
    assert.closeTo(interval!.lo, 0.2 - 0.24841377, 1e-7)
  })

  it("says nothing about other seeds from one, and refuses none", () => {
    assert.deepStrictEqual(seedInterval([0.4]), { seeds: 1, mean: 0.4, deviation: null, interval: null })
    assert.throws(() => seedInterval([]), RangeError)
    assert.throws(() => seedInterval([Number.NaN]), RangeError)
  })

  it("knows the quantiles beyond its table", () => {
    for (
      const [degrees, wanted] of [[31, 2.039513446396408], [50, 2.008559112100761], [100, 1.9839715185235518]] as const
    ) {
      assert.closeTo(studentQuantile(degrees), wanted, 3e-6)
    }
    assert.throws(() => studentQuantile(0), RangeError)
  })
})

describe("crossedBootstrap", () => {
  const seed = (shares: ReadonlyArray<number>) =>
    new Map(shares.map((share, i) => [`topic ${i}`, { hits: Math.round(share * 20), n: 20 }]))

  it("pools, and is wider than either level alone", () => {
    const topicsDiffer = crossedBootstrap([seed([0.1, 0.5, 0.9, 0.3]), seed([0.1, 0.5, 0.9, 0.3])])
    assert.deepStrictEqual([topicsDiffer.hits, topicsDiffer.n, topicsDiffer.seeds, topicsDiffer.topics], [
      72,
      160,
      2,
      4
    ])
    const seedsDiffer = crossedBootstrap([seed([0.2, 0.2, 0.2, 0.2]), seed([0.7, 0.7, 0.7, 0.7])])
    const both = crossedBootstrap([seed([0, 0.3, 0.6, 0.1]), seed([0.4, 0.8, 1, 0.6])])
    const width = (one: typeof both) => one.interval!.hi - one.interval!.lo
    assert.closeTo(seedsDiffer.interval!.lo, 0.2, 1e-12) // both draws the first seed in a quarter of all draws
    assert.closeTo(seedsDiffer.interval!.hi, 0.7, 1e-12)
    assert.isAbove(width(topicsDiffer), 0.2)
    assert.isAbove(width(both), width(seedsDiffer))
  })

  it("needs two seeds and two topics, and does not depend on their order", () => {
    assert.isNull(crossedBootstrap([seed([0.1, 0.5])]).interval)
    assert.isNull(crossedBootstrap([seed([0.1]), seed([0.5])]).interval)
    const [a, b] = [seed([0.1, 0.5, 0.8]), seed([0.2, 0.6, 0.7])]
    const turned = (counts: typeof a) => new Map([...counts].reverse())
    assert.deepStrictEqual(crossedBootstrap([a, b]), crossedBootstrap([turned(a), turned(b)]))
  })
})

describe("verificationF1", () => {
  it("counts unreadable verdicts against accuracy and recall", () => {
    const counts = { n: 20, unparsable: 4, truePositives: 6, falsePositives: 2, falseNegatives: 1, trueNegatives: 7 }
    const { accuracy, f1, precision, recall } = verificationF1(counts, 3)
    assert.strictEqual(accuracy, 13 / 20)
    assert.strictEqual(precision, 6 / 8)
    assert.strictEqual(recall, 6 / 10)
    assert.closeTo(f1!, 2 * 0.75 * 0.6 / 1.35, 1e-15)
  })

  it("has no F1 without an unsafe item or verdict", () => {
    const none = { n: 3, unparsable: 0, truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 3 }
    assert.deepStrictEqual(verificationF1(none, 0), { accuracy: 1, precision: null, recall: null, f1: null })
  })
})
