/**
 * Rates corrected for a judge's error: values worked by hand, and the cover of their intervals in simulation, with
 * judges from good to poor and rates from rare to common.
 */
import { assert, describe, it } from "vitest"
import { makeRandom } from "../../../models/sample/Random.ts"
import {
  correctedByErrorRates,
  type CorrectedRate,
  type LabelledCounts,
  predictionPowered
} from "../../../nodes/maths/predictionPowered.ts"

const labelled = (tp: number, fp: number, fn: number, tn: number): LabelledCounts => ({
  truePositives: tp,
  falsePositives: fp,
  falseNegatives: fn,
  trueNegatives: tn
})

interface World {
  readonly rate: number
  readonly sensitivity: number
  readonly specificity: number
  readonly answers: number
  readonly labels: number
  /** The share of positives among the labelled answers; the same as `rate` unless told. */
  readonly labelledRate?: number
}

/** Share of simulated studies whose interval holds the true rate. */
const cover = (
  { answers, labelledRate, labels, rate, sensitivity, specificity }: World,
  estimate: (judged: { readonly hits: number; readonly n: number }, labels: LabelledCounts) => CorrectedRate | null,
  studies = 12_000
): number => {
  const { uniform } = makeRandom(7, `${rate}/${sensitivity}/${specificity}/${answers}/${labels}`)
  const draw = (of: number) => {
    const truth = uniform() < of
    return { truth, says: uniform() < (truth ? sensitivity : 1 - specificity) }
  }
  let held = 0
  for (let study = 0; study < studies; study++) {
    let hits = 0
    for (let i = 0; i < answers; i++) if (draw(rate).says) hits++
    const cells = [0, 0, 0, 0]
    for (let i = 0; i < labels; i++) {
      const { says, truth } = draw(labelledRate ?? rate)
      cells[(says ? 0 : 2) + (says === truth ? 0 : 1)]!++
    }
    const [tp, fp, tn, fn] = [
      cells[0]!,
      cells[1]!,
      cells[2]!,
      cells[3]!
    ]
    const made = estimate({ hits, n: answers }, labelled(tp, fp, fn, tn))
    if (made !== null && made.interval.lo <= rate && rate <= made.interval.hi) held++
  }
  return held / studies
}

const judges = [
  { sensitivity: 0.9, specificity: 0.95 },
  { sensitivity: 0.95, specificity: 0.98 },
  { sensitivity: 0.8, specificity: 0.8 }
]

describe("predictionPowered", () => {
  it("adds what the labels say of the judge's error", () => {
    // 30 % by the judge; of 100 labelled answers it missed 8 and invented 3, so the rate is 0.30 + 0.05
    const { interval, labels, share } = predictionPowered({ hits: 120, n: 400 }, labelled(30, 3, 8, 59))
    assert.closeTo(share, 0.35, 1e-12)
    assert.strictEqual(labels, 100)
    // statsmodels: Wilson of 120/400 is 0.257167671956 to 0.346637245778; the error, 5/101 give or take 0.066525996685
    assert.closeTo(interval.lo, 0.27046114812211625, 1e-12)
    assert.closeTo(interval.hi, 0.4308400808956292, 1e-12)
  })

  it("covers the true rate in 95 % of studies, give or take one", { timeout: 60_000 }, () => {
    for (const judge of judges) {
      for (const rate of [0.1, 0.3, 0.8]) {
        for (const [answers, labels] of rate === 0.3 ? [[300, 150], [600, 300]] as const : [[300, 150]] as const) {
          const share = cover({ ...judge, rate, answers, labels }, predictionPowered)
          assert.closeTo(share, 0.95, 0.01, `rate ${rate}, judge ${judge.sensitivity}, ${answers}/${labels}`)
        }
      }
    }
  })

  it("is no narrower than the judge's own interval, and widens with fewer labels", () => {
    const width = ({ interval }: CorrectedRate) => interval.hi - interval.lo
    const judged = { hits: 90, n: 300 }
    const few = predictionPowered(judged, labelled(45, 3, 3, 99))
    const many = predictionPowered(judged, labelled(450, 30, 30, 990))
    const perfect = predictionPowered(judged, labelled(450, 0, 0, 1050))
    assert.isAbove(width(few), width(many))
    assert.isAbove(width(many), width(perfect))
    assert.isAbove(width(perfect), 0.1)
  })

  it("refuses no labels, no answers, and what is no count", () => {
    assert.throws(() => predictionPowered({ hits: 1, n: 2 }, labelled(0, 0, 0, 0)), /no labelled answers/)
    assert.throws(() => predictionPowered({ hits: 0, n: 0 }, labelled(1, 0, 0, 1)), /no answers were judged/)
    assert.throws(() => predictionPowered({ hits: 1, n: 2 }, labelled(1, -1, 0, 1)), RangeError)
  })
})

describe("correctedByErrorRates", () => {
  it("inverts the judge's error rates", () => {
    // sensitivity 0.9, specificity 0.8: a judge that says 38 % has seen (0.38 - 0.2) / 0.7
    const made = correctedByErrorRates({ hits: 190, n: 500 }, labelled(90, 20, 10, 80))!
    assert.closeTo(made.share, 0.18 / 0.7, 1e-12)
    assert.isTrue(made.interval.lo < made.share && made.share < made.interval.hi)
  })

  it("covers the true rate although the labels have another", { timeout: 60_000 }, () => {
    for (const judge of judges) {
      for (const rate of [0.1, 0.3, 0.8]) {
        const share = cover({ ...judge, rate, answers: 300, labels: 170, labelledRate: 0.5 }, correctedByErrorRates)
        assert.isAtLeast(share, 0.935, `rate ${rate}, judge ${judge.sensitivity}`)
        assert.isAtMost(share, 0.985, `rate ${rate}, judge ${judge.sensitivity}`)
      }
    }
  })

  it("says nothing for a judge at chance, and refuses labels of one class", () => {
    assert.isNull(correctedByErrorRates({ hits: 5, n: 10 }, labelled(5, 5, 5, 5)))
    assert.throws(() => correctedByErrorRates({ hits: 5, n: 10 }, labelled(5, 0, 5, 0)), /10 are positive/)
  })
})
