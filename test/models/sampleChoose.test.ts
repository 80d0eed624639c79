/** Choosing tokens: cuts and draws worked by hand, a brute-force nucleus, frequencies, and the random streams. */
import { assert, describe, it } from "vitest"
import { makeTokenChooser as makeChooser, type Sampling } from "../../models/sample/chooseToken.ts"
import { makeRandom, type Random } from "../../models/sample/Random.ts"
import { weighTokens } from "../../models/sample/weighTokens.ts"

/** A chooser of what follows logits. */
const makeTokenChooser = (vocab: number) => {
  const choose = makeChooser(vocab)
  return (logits: Float32Array, sampling: Sampling, random: Random) =>
    choose(weighTokens(logits, sampling.temperature), sampling, random)
}

/** A stream that always gives `value`. */
const fixed = (value: number): Random => ({ uniform: () => value, normal: () => assert.fail("not used") })
const off: Sampling = { temperature: 1, topP: 1, topK: 0 }
/** Probabilities 0.1, 0.4, 0.2, 0.3. */
const logits = Float32Array.of(1, 4, 2, 3).map(Math.log)

const choose = (sampling: Partial<Sampling>, uniform: number) =>
  makeTokenChooser(4)(logits, { ...off, ...sampling }, fixed(uniform)).id

describe("makeTokenChooser", () => {
  it("takes the likeliest at temperature 0 without a draw, the first of equals", () => {
    const never: Random = { uniform: () => assert.fail("drawn"), normal: () => assert.fail("drawn") }
    const greedy = { ...off, temperature: 0 }
    const { id, logprob } = makeTokenChooser(4)(logits, greedy, never)
    assert.strictEqual(id, 1)
    assert.closeTo(logprob, Math.log(0.4), 1e-6)
    assert.strictEqual(makeTokenChooser(3)(Float32Array.of(0, 5, 5), greedy, never).id, 1)
  })

  it("draws by cumulative probability", () => {
    assert.deepStrictEqual([0, 0.09, 0.11, 0.49, 0.51, 0.69, 0.71, 0.999].map((u) => choose({}, u)), [
      0,
      0,
      1,
      1,
      2,
      2,
      3,
      3
    ])
  })

  it("keeps the k likeliest", () => {
    // 0.4 and 0.3 become 4/7 and 3/7
    assert.deepStrictEqual([0, 0.56, 0.58, 0.999].map((u) => choose({ topK: 2 }, u)), [1, 1, 3, 3])
    assert.strictEqual(choose({ topK: 1 }, 0.999), 1)
    assert.strictEqual(choose({ topK: 9 }, 0.999), 0)
  })

  it("keeps the likeliest until their sum reaches p", () => {
    // 0.4 + 0.3 reaches 0.65
    assert.deepStrictEqual([0, 0.56, 0.58, 0.999].map((u) => choose({ topP: 0.65 }, u)), [1, 1, 3, 3])
    assert.strictEqual(choose({ topP: 0.01 }, 0.999), 1)
    // of the three that top-k leaves (0.4, 0.3, 0.2 of 0.9) the first two reach 0.75
    assert.strictEqual(choose({ topK: 3, topP: 0.75 }, 0.999), 3)
    assert.strictEqual(choose({ topP: 0.75 }, 0.999), 2)
  })

  it("drops what is less likely than a share of the likeliest", () => {
    assert.deepStrictEqual([0, 0.56, 0.58, 0.999].map((u) => choose({ minP: 0.6 }, u)), [1, 1, 3, 3])
    assert.strictEqual(choose({ minP: 0.2 }, 0.999), 0)
  })

  it("tempers before cutting and reports the untempered log-probability", () => {
    // at temperature 1/2 the weights are 1, 16, 4, 9 of 30
    assert.deepStrictEqual([0.03, 0.04, 0.56, 0.58, 0.69, 0.71].map((u) => choose({ temperature: 0.5 }, u)), [
      0,
      1,
      1,
      2,
      2,
      3
    ])
    // 16/30 reaches 0.5 alone
    assert.strictEqual(choose({ temperature: 0.5, topP: 0.5 }, 0.999), 1)
    const { logprob } = makeTokenChooser(4)(logits, { temperature: 0.5, topK: 2, topP: 1 }, fixed(0.999))
    assert.closeTo(logprob, Math.log(0.3), 1e-6)
  })

  it("agrees with sorting, for any cuts", () => {
    const random = makeRandom(3)
    const choice = makeTokenChooser(60)
    for (let round = 0; round < 300; round++) {
      const row = Float32Array.from({ length: 60 }, () => Math.round(random.normal() * 8) / 4)
      const topK = Math.floor(random.uniform() * 20)
      const topP = random.uniform() < 0.3 ? 1 : 0.1 + 0.9 * random.uniform()
      const minP = random.uniform() < 0.5 ? 0 : random.uniform()
      const temperature = 0.5 + random.uniform()
      const weight = (id: number) => Math.exp(row[id]! / temperature)
      const sum = (ids: ReadonlyArray<number>) => ids.reduce((total, id) => total + weight(id), 0)
      let kept = [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b)
      if (topK > 0) kept = kept.slice(0, topK)
      const mass = sum(kept)
      kept = kept.filter((_, place) => sum(kept.slice(0, place)) < topP * mass)
      kept = kept.filter((id) => weight(id) >= minP * weight(kept[0]!))
      const uniform = random.uniform()
      const { id } = choice(row, { temperature, topK, topP, minP }, fixed(uniform))
      const ordered = topP === 1 && topK === 0 && minP === 0 ? kept.toSorted((a, b) => a - b) : kept
      const expected = ordered.find((_, place) => sum(ordered.slice(0, place + 1)) > uniform * sum(ordered))
      assert.strictEqual(id, expected, JSON.stringify({ topK, topP, minP, temperature, uniform }))
    }
  })

  it("draws each token as often as it should", () => {
    const random = makeRandom(11)
    const choice = makeTokenChooser(4)
    const counts = [0, 0, 0, 0]
    const draws = 20000
    for (let i = 0; i < draws; i++) counts[choice(logits, off, random).id]!++
    const chiSquare = [0.1, 0.4, 0.2, 0.3].reduce((sum, p, id) => sum + (counts[id]! - p * draws) ** 2 / (p * draws), 0)
    // the 99.9th percentile with three degrees of freedom
    assert.isBelow(chiSquare, 16.27)
  })

  it("refuses logits that are not finite, and takes minus infinity for impossible", () => {
    assert.throws(() => makeTokenChooser(2)(Float32Array.of(1, NaN), off, fixed(0)), RangeError)
    assert.throws(() => makeTokenChooser(2)(Float32Array.of(1, Infinity), off, fixed(0)), RangeError)
    const choice = makeTokenChooser(3)(Float32Array.of(-Infinity, 0, -Infinity), off, fixed(0.9999999))
    assert.deepStrictEqual(choice, { id: 1, logprob: 0 })
  })
})

describe("makeRandom", () => {
  const take = (random: Random, count: number) => Array.from({ length: count }, () => random.uniform())

  it("is fixed by seed and label, and differs in each bit of them", () => {
    assert.deepStrictEqual(take(makeRandom(5, "a"), 3), take(makeRandom(5, "a"), 3))
    const firsts = [0, 1, -1, 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53].map((seed) => makeRandom(seed).uniform())
    firsts.push(makeRandom(0, "a").uniform(), makeRandom(0, "b").uniform(), makeRandom(0, "ab").uniform())
    assert.strictEqual(new Set(firsts).size, firsts.length)
    assert.throws(() => makeRandom(2 ** 53), RangeError)
    assert.throws(() => makeRandom(0.5), RangeError)
  })

  it("is uniform and normal, across streams too", () => {
    const random = makeRandom(7)
    const mean = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0) / values.length
    const uniforms = take(random, 10000)
    assert.closeTo(mean(uniforms), 0.5, 0.01)
    assert.closeTo(mean(uniforms.map((u) => (u - 0.5) ** 2)), 1 / 12, 0.003)
    assert.isTrue(uniforms.every((u) => u >= 0 && u < 1))
    const firsts = Array.from({ length: 10000 }, (_, seed) => makeRandom(seed).uniform())
    assert.closeTo(mean(firsts), 0.5, 0.01)
    assert.closeTo(mean(firsts.slice(1).map((u, i) => (u - 0.5) * (firsts[i]! - 0.5))), 0, 0.003)
    const normals = Array.from({ length: 10000 }, () => random.normal())
    assert.closeTo(mean(normals), 0, 0.03)
    assert.closeTo(mean(normals.map((x) => x * x)), 1, 0.05)
    assert.closeTo(mean(normals.map((x) => x ** 4)), 3, 0.3)
  })
})
