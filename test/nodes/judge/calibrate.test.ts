import { assert, describe, it } from "@effect/vitest"
import { calibrate, crossValidate, foldOfGroup } from "../../../nodes/judge/calibrate.ts"

const judged = (...pairs: ReadonlyArray<readonly [label: boolean, predicted: boolean, times: number]>) =>
  pairs.flatMap(([label, predicted, times]) => Array.from({ length: times }, () => ({ label, predicted })))

describe("calibrate", () => {
  it("counts and rates, by hand", () => {
    const found = calibrate(judged([true, true, 6], [false, true, 2], [true, false, 3], [false, false, 9]))
    assert.deepInclude(found, { n: 20, truePositives: 6, falsePositives: 2, falseNegatives: 3, trueNegatives: 9 })
    assert.strictEqual(found.precision, 6 / 8)
    assert.strictEqual(found.recall, 6 / 9)
    assert.strictEqual(found.f1, 12 / 17)
    assert.strictEqual(found.accuracy, 15 / 20)
    // by chance: (9 * 8 + 11 * 12) / 400 = 0.51; (0.75 - 0.51) / 0.49
    assert.approximately(found.kappa!, 0.24 / 0.49, 1e-12)
  })

  it("has no rate where there is nothing to divide by", () => {
    assert.deepInclude(calibrate([]), { n: 0, precision: null, recall: null, f1: null, accuracy: null, kappa: null })
    assert.deepInclude(calibrate(judged([false, false, 3])), {
      precision: null,
      recall: null,
      f1: null,
      accuracy: 1,
      kappa: null
    })
  })
})

describe("foldOfGroup", () => {
  it("puts whole groups into folds of like size", () => {
    const groups = ["a", "a", "a", "a", "b", "b", "b", "c", "c", "d", "e", "f"]
    const folds = foldOfGroup(groups, 3)
    const sizes = [0, 1, 2].map((fold) => groups.filter((group) => folds.get(group) === fold).length)
    assert.deepStrictEqual(sizes, [4, 4, 4])
  })
})

describe("crossValidate", () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ group: `g${i % 8}`, value: i, label: i >= 20 }))

  it("fits on no row of the group it judges, and judges every row once, in order", () => {
    const seen: Array<ReadonlySet<string>> = []
    const result = crossValidate(rows, ({ label }) => label, (training) => {
      const groups = new Set(training.map(({ group }) => group))
      seen.push(groups)
      return ({ group, value }) => {
        assert.isFalse(groups.has(group))
        return value >= 20
      }
    }, 4)
    assert.strictEqual(seen.length, 4)
    assert.deepStrictEqual(result, rows.map(({ label }) => ({ label, predicted: label })))
  })

  it("shows a judge that only remembers to be worthless", () => {
    const byGroup = rows.map((row) => ({ ...row, label: Number(row.group.slice(1)) % 2 === 0 }))
    const remembering = crossValidate(byGroup, ({ label }) => label, (training) => {
      const positive = new Set(training.filter(({ label }) => label).map(({ group }) => group))
      return ({ group }) => positive.has(group)
    })
    assert.strictEqual(calibrate(remembering).truePositives, 0)
  })
})
