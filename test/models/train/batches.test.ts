import { assert, describe, it } from "vitest"
import { makeRandom } from "../../../models/sample/Random.ts"
import { epochBatches } from "../../../models/train/epochBatches.ts"
import { packRows } from "../../../models/train/packRows.ts"

const lengths = Array.from({ length: 1037 }, (_, i) => 10 + Math.floor(makeRandom(4, `${i}`).uniform() * 60))

describe("epochBatches", () => {
  it("sees every example once an epoch, in full batches but one", () => {
    const batches = epochBatches(lengths, 16, 1, 0)
    assert.deepStrictEqual(batches.flat().sort((a, b) => a - b), Array.from(lengths.keys()))
    assert.strictEqual(batches.length, Math.ceil(1037 / 16))
    assert.deepStrictEqual(batches.map((batch) => batch.length).filter((size) => size !== 16), [1037 % 16])
  })

  it("depends on seed and epoch, and on nothing else", () => {
    assert.deepStrictEqual(epochBatches(lengths, 16, 1, 3), epochBatches(lengths, 16, 1, 3))
    assert.notDeepEqual(epochBatches(lengths, 16, 1, 3), epochBatches(lengths, 16, 1, 4))
    assert.notDeepEqual(epochBatches(lengths, 16, 1, 3), epochBatches(lengths, 16, 2, 3))
  })

  it("puts similar lengths together without ordering the batches", () => {
    const batches = epochBatches(lengths, 16, 1, 0)
    const padding = batches.reduce((sum, batch) => {
      const longest = Math.max(...batch.map((i) => lengths[i]!))
      return sum + batch.reduce((rest, i) => rest + longest - lengths[i]!, 0)
    }, 0)
    assert.isBelow(padding / lengths.reduce((a, b) => a + b, 0), 0.06)
    const longest = batches.map((batch) => Math.max(...batch.map((i) => lengths[i]!)))
    assert.notDeepEqual(longest, longest.toSorted((a, b) => a - b))
  })
})

describe("packRows", () => {
  const sizing = { rowsPerRun: 2, tokensPerRun: 64, lengthBucket: 8, targetBucket: 1 / 4 }
  const rows = [
    { ids: [5, 6, 7], targetFrom: 1, weight: 0.5, advantage: 2, oldLogprobs: [-1, -3] },
    { ids: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], targetFrom: 8, weight: 0.25 },
    { ids: [3, 1], targetFrom: 1, weight: 1 }
  ]

  it("pads to the right, longest rows first, and lists the positions before targets", () => {
    const runs = [...packRows(rows, sizing)]
    assert.deepStrictEqual(runs.map(({ batch, length, spans }) => ({ batch, length, spans })), [
      { batch: 2, length: 16, spans: [[1, 0, 2], [0, 2, 4]] },
      { batch: 1, length: 8, spans: [[2, 0, 1]] }
    ])
    const { inputs, targets } = runs[0]!
    assert.strictEqual(targets, 16)
    assert.deepStrictEqual(Array.from(inputs.ids.slice(14, 20)), [0n, 0n, 5n, 6n, 7n, 0n])
    // Row 1 predicts its tokens 8 and 9 from 7 and 8; row 0 starts at 16 and predicts from its first two tokens.
    assert.deepStrictEqual(Array.from(inputs.headRows.slice(0, 5)), [7n, 8n, 16n, 17n, 0n])
    assert.deepStrictEqual(Array.from(inputs.targets.slice(0, 5)), [9n, 10n, 6n, 7n, 0n])
    assert.deepStrictEqual(Array.from(inputs.weights.slice(0, 5)), [0.25, 0.25, 0.5, 0.5, 0])
    assert.deepStrictEqual(Array.from(inputs.advantages.slice(0, 5)), [0, 0, 2, 2, 0])
    assert.deepStrictEqual(Array.from(inputs.oldLogprobs.slice(0, 5)), [0, 0, -1, -3, 0])
    inputs.headRows.slice(0, 4).forEach((row, i) => assert.strictEqual(inputs.headInverse[Number(row)], BigInt(i)))
    assert.strictEqual(inputs.headInverse.filter((place) => place < 16n).length, 4)
  })

  it("takes fewer rows when they are long, and at least one", () => {
    const long = Array.from({ length: 3 }, () => ({ ids: new Array<number>(90).fill(1), targetFrom: 1, weight: 1 }))
    assert.deepStrictEqual([...packRows(long, sizing)].map(({ batch, length }) => [batch, length]), [[1, 96], [1, 96], [
      1,
      96
    ]])
  })

  it("fills up the last run to a quarter of the rows", () => {
    const many = Array.from({ length: 9 }, () => ({ ids: [1, 2], targetFrom: 1, weight: 1 }))
    const runs = [...packRows(many, { ...sizing, rowsPerRun: 8 })]
    assert.deepStrictEqual(runs.map(({ batch, spans }) => [batch, spans.length]), [[8, 8], [2, 1]])
  })

  it("puts short rows on the lines of long ones, each with its own positions", () => {
    const row = (length: number, first: number) => ({
      ids: Array.from({ length }, (_, i) => first + i),
      targetFrom: length - 1,
      weight: 1
    })
    const packing = { ...sizing, packing: true }
    const [run, ...more] = packRows([row(5, 10), row(8, 20), row(2, 30), row(3, 40)], packing)
    // 8 fills a line, 5 and 3 another; for 2 there is no room in runs of two lines
    assert.deepStrictEqual(more.map(({ spans }) => spans), [[[2, 0, 1]]])
    const { batch, inputs, length, spans } = run!
    assert.deepStrictEqual({ batch, length, spans }, { batch: 2, length: 8, spans: [[1, 0, 1], [0, 1, 2], [3, 2, 3]] })
    assert.deepStrictEqual(Array.from(inputs.ids.slice(8)), [10n, 11n, 12n, 13n, 14n, 40n, 41n, 42n])
    assert.deepStrictEqual(Array.from(inputs.positions!.slice(8)), [0n, 1n, 2n, 3n, 4n, 0n, 1n, 2n])
    assert.deepStrictEqual(Array.from(inputs.segments!), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2])
    assert.deepStrictEqual(Array.from(inputs.headRows.slice(0, 3)), [6n, 11n, 14n])
    assert.deepStrictEqual(Array.from(inputs.targets.slice(0, 3)), [27n, 14n, 42n])
  })

  it("packs every row once, whatever the lengths", () => {
    const random = makeRandom(4)
    for (let round = 0; round < 50; round++) {
      const many = Array.from({ length: 30 }, (_, i) => ({
        ids: new Array<number>(2 + Math.floor(30 * random.uniform() ** 3)).fill(i + 1),
        targetFrom: 1,
        weight: 1
      }))
      const options = { rowsPerRun: 1 + round % 5, tokensPerRun: 96, lengthBucket: 8, targetBucket: 1 / 4 }
      const tokens = (packing: boolean) => {
        const runs = [...packRows(many, { ...options, packing })]
        const places = runs.flatMap(({ spans }) => spans.map(([place]) => place))
        assert.deepStrictEqual(places.toSorted((a, b) => a - b), [...many.keys()])
        for (const { batch, inputs, length, spans } of runs) {
          assert.isAtMost(batch, options.rowsPerRun)
          assert.strictEqual(inputs.ids.length, batch * length)
          for (const [place, from, to] of spans) {
            assert.strictEqual(to - from, many[place]!.ids.length - 1)
            assert.isTrue(inputs.targets.slice(from, to).every((id) => id === BigInt(place + 1)))
          }
        }
        return runs.reduce((sum, { batch, length }) => sum + batch * length, 0)
      }
      assert.isAtMost(tokens(true), tokens(false))
    }
  })
})
