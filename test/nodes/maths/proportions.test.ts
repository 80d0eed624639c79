/**
 * Wilson, McNemar, kappa and pass@k against values worked by hand or by SciPy 1.17 (`binomtest`), and one property
 * each.
 */
import { assert, describe, it } from "vitest"
import { cohenKappa } from "../../../nodes/maths/cohenKappa.ts"
import { mcnemarExact } from "../../../nodes/maths/mcnemarExact.ts"
import { passAtK } from "../../../nodes/maths/passAtK.ts"
import { quantile } from "../../../nodes/maths/quantile.ts"
import { wilson } from "../../../nodes/maths/wilson.ts"

describe("wilson", () => {
  it("gives SciPy's bounds", () => {
    for (
      const [hits, n, lo, hi] of [
        [0, 10, 0, 0.27753279986288926],
        [17, 250, 0.04288591857836034, 0.10618925218570378],
        [31, 50, 0.4815044693099298, 0.7413721068980641],
        [2, 313, 0.0017540596974838733, 0.022994781094628935],
        [49, 600, 0.0623236040554625, 0.10633235245933376],
        [250, 250, 0.9848667005045555, 1]
      ] as const
    ) {
      const interval = wilson({ hits, n })
      assert.closeTo(interval.lo, lo, 1e-12)
      assert.closeTo(interval.hi, hi, 1e-12)
    }
  })

  it("takes another level by its normal quantile", () => {
    const interval = wilson({ hits: 17, n: 250 }, 1.6448536269514722)
    assert.closeTo(interval.lo, 0.04616922268290727, 1e-12)
    assert.closeTo(interval.hi, 0.09908102767720431, 1e-12)
  })

  it("knows nothing without answers and refuses what is no count", () => {
    assert.deepStrictEqual(wilson({ hits: 0, n: 0 }), { lo: 0, hi: 1 })
    assert.throws(() => wilson({ hits: 3, n: 2 }), /3 hits of 2/)
    assert.throws(() => wilson({ hits: 0.5, n: 2 }), RangeError)
  })

  it("holds the share, stays in [0, 1] and mirrors hits and misses", () => {
    for (let n = 1; n <= 40; n++) {
      for (let hits = 0; hits <= n; hits++) {
        const { hi, lo } = wilson({ hits, n })
        assert.isTrue(0 <= lo && lo <= hits / n && hits / n <= hi && hi <= 1)
        assert.closeTo(wilson({ hits: n - hits, n }).lo, 1 - hi, 1e-12)
      }
    }
  })
})

describe("mcnemarExact", () => {
  it("gives the p-values of the binomial test", () => {
    assert.strictEqual(mcnemarExact(1, 5), 14 / 64) // 2 (1 + 6) / 2^6
    assert.strictEqual(mcnemarExact(0, 5), 2 / 32)
    assert.closeTo(mcnemarExact(10, 25), 0.016673847800120715, 1e-15)
    assert.closeTo(mcnemarExact(121, 59) / 4.4344492637551645e-06, 1, 1e-9)
    assert.closeTo(mcnemarExact(2000, 1500) / 2.942363832253349e-17, 1, 1e-6)
  })

  it("is 1 without a discordant pair or with as many on both sides, and symmetric", () => {
    assert.strictEqual(mcnemarExact(0, 0), 1)
    for (let a = 0; a <= 12; a++) {
      assert.strictEqual(mcnemarExact(a, a), 1)
      for (let b = 0; b <= 12; b++) assert.strictEqual(mcnemarExact(a, b), mcnemarExact(b, a))
    }
    assert.throws(() => mcnemarExact(-1, 2), RangeError)
  })
})

describe("cohenKappa", () => {
  const repeat = (label: string, times: number) => Array.from({ length: times }, () => label)

  it("is 0.4 in the textbook's table of 20, 5, 10 and 15", () => {
    const first = [...repeat("yes", 25), ...repeat("no", 25)]
    const second = [...repeat("yes", 20), ...repeat("no", 5), ...repeat("yes", 10), ...repeat("no", 15)]
    const agreement = cohenKappa(first, second)
    assert.deepStrictEqual({ ...agreement, kappa: 0 }, { n: 50, observed: 0.7, expected: 0.5, kappa: 0 })
    assert.closeTo(agreement.kappa!, 0.4, 1e-15)
  })

  it("is 1 for equal lists, 0 for independent ones, and says nothing where only one label occurs", () => {
    assert.strictEqual(cohenKappa(["a", "b", "c"], ["a", "b", "c"]).kappa, 1)
    assert.strictEqual(cohenKappa(["a", "a", "b", "b"], ["a", "b", "a", "b"]).kappa, 0)
    assert.strictEqual(cohenKappa(["a", "a"], ["a", "a"]).kappa, null)
    assert.deepStrictEqual(cohenKappa([], []), { n: 0, observed: null, expected: null, kappa: null })
    assert.throws(() => cohenKappa(["a"], []), RangeError)
  })

  it("does not depend on which judge comes first nor on the names of the labels", () => {
    const first = ["a", "b", "c", "a", "b", "a", "c", "c"]
    const second = ["a", "b", "b", "a", "c", "c", "c", "c"]
    const renamed = (labels: ReadonlyArray<string>) => labels.map((label) => `__proto__${label}`)
    assert.strictEqual(cohenKappa(first, second).kappa, cohenKappa(second, first).kappa)
    assert.strictEqual(cohenKappa(first, second).kappa, cohenKappa(renamed(first), renamed(second)).kappa)
  })
})

describe("passAtK", () => {
  it("gives the value worked by hand", () => {
    assert.closeTo(passAtK(3, 1, 2), 2 / 3, 1e-15) // 1 - C(2,2) / C(3,2)
    assert.closeTo(passAtK(16, 2, 4), 1 - 1001 / 1820, 1e-15) // C(14,4) = 1001, C(16,4) = 1820
    assert.strictEqual(passAtK(30, 0, 16), 0)
    assert.strictEqual(passAtK(16, 1, 16), 1) // n = k: any of them
  })

  it("is the share of all choices of k answers that hold a right one", () => {
    for (let n = 1; n <= 7; n++) {
      for (let c = 0; c <= n; c++) {
        for (let k = 1; k <= n; k++) {
          let choices = 0
          let hits = 0
          for (let chosen = 0; chosen < 2 ** n; chosen++) {
            if (chosen.toString(2).replaceAll("0", "").length !== k) continue
            choices++
            if (chosen % 2 ** c !== 0) hits++ // the lowest c answers are the right ones
          }
          assert.closeTo(passAtK(n, c, k), hits / choices, 1e-12)
        }
      }
    }
  })

  it("refuses more draws than answers", () => {
    assert.throws(() => passAtK(8, 1, 9), /pass@9 from 1 right answers of 8/)
    assert.throws(() => passAtK(8, 9, 1), RangeError)
  })
})

describe("quantile", () => {
  it("interpolates as NumPy does", () => {
    const sorted = Float64Array.of(1, 2, 4, 8)
    assert.deepStrictEqual([0, 0.5, 1].map((q) => quantile(sorted, q)), [1, 3, 8])
    assert.closeTo(quantile(sorted, 0.1), 1.3, 1e-12)
    assert.closeTo(quantile(sorted, 0.9), 6.8, 1e-12)
  })

  it("refuses an empty sample", () => {
    assert.throws(() => quantile(new Float64Array(0), 0.5), RangeError)
    assert.throws(() => quantile(Float64Array.of(1), 1.5), RangeError)
  })
})
