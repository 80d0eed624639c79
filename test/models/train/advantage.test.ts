import { assert, describe, it } from "vitest"
import { makeRandom } from "../../../models/sample/Random.ts"
import { aggregationWeights, groupAdvantages, isUniform } from "../../../models/train/advantage.ts"
import golden from "../golden/grpo.json" with { type: "json" }

const { advantage } = golden

describe("groupAdvantages", () => {
  it("gives verl's advantages, groups of one included", () => {
    for (const name of new Set(advantage.group)) {
      const members = advantage.group.flatMap((group, i) => group === name ? [i] : [])
      const actual = groupAdvantages(members.map((i) => advantage.reward[i]!), advantage.epsilon)
      // Every sequence of the golden has its first token unmasked.
      members.forEach((i, place) =>
        assert.closeTo(actual[place]!, advantage.expected.std[i]![0]!, 1e-12, `sample ${i}`)
      )
    }
  })

  it("is exactly zero for equal rewards, even ones that do not add up exactly", () => {
    assert.deepStrictEqual(groupAdvantages([0.1, 0.1, 0.1]), [0, 0, 0])
  })

  it("has mean zero and does not change when rewards are shifted or stretched", () => {
    const random = makeRandom(1)
    for (let trial = 0; trial < 20; trial++) {
      const rewards = Array.from({ length: 8 }, () => random.normal())
      const plain = groupAdvantages(rewards, 0)
      const moved = groupAdvantages(rewards.map((reward) => 3 * reward - 7), 0)
      assert.closeTo(plain.reduce((a, b) => a + b, 0), 0, 1e-12)
      assert.closeTo(plain.reduce((a, b) => a + b * b, 0), 7, 1e-9)
      plain.forEach((value, i) => assert.closeTo(value, moved[i]!, 1e-9))
    }
  })
})

describe("isUniform", () => {
  it("tells groups without a difference", () => {
    assert.isTrue(isUniform([1, 1, 1]))
    assert.isFalse(isUniform([1, 1, 0]))
  })
})

describe("aggregationWeights", () => {
  it("weighs the tokens of sequences of 2, 0 and 6 tokens", () => {
    assert.deepStrictEqual(aggregationWeights([2, 0, 6], "token-mean", 10), [1 / 8, 0, 1 / 8])
    assert.deepStrictEqual(aggregationWeights([2, 0, 6], "sequence-mean", 10), [1 / 4, 0, 1 / 12])
    assert.deepStrictEqual(aggregationWeights([2, 0, 6], "sequence-sum", 10), [1 / 2, 0, 1 / 2])
    assert.deepStrictEqual(aggregationWeights([2, 0, 6], "dr-grpo", 10), [1 / 20, 0, 1 / 20])
  })
})
