/**
 * The random stream behind every choice of the synthetic world, against another implementation of its generator.
 */
import { assert, describe, it } from "vitest"
import { makeRandom } from "../../experiments/world/random.ts"

describe("makeRandom", () => {
  it("is sfc32 over the digest of the name", () => {
    const { uniform } = makeRandom("prompts/both/0/0")
    const drawn = Array.from({ length: 5 }, () => uniform() * 2 ** 32)
    // computed in Python from the published algorithm
    assert.deepStrictEqual(drawn, [3735610051, 2530908446, 4211497895, 4009632799, 457825956])
  })

  it("picks within its range, and from nothing not at all", () => {
    const random = makeRandom("test")
    const counts = [0, 0, 0]
    for (let i = 0; i < 3000; i++) counts[random.below(3)]!++
    // four standard deviations of a fair choice
    for (const count of counts) assert.closeTo(count, 1000, 4 * Math.sqrt(3000 * 2 / 9))
    assert.throws(() => random.pick([]), /"test" cannot pick from an empty list/)
  })
})
