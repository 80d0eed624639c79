/** What samples move in a step, with rewards that could not be read; every number worked by hand. */
import { assert, describe, it } from "vitest"
import type { Sample } from "../../../models/sample/Sample.ts"
import { type Group, learnt, promptRecord, stepRows } from "../../../models/train/learnt.ts"
import { isMixed, type Reward, sampleAdvantages } from "../../../models/train/sampleAdvantages.ts"
import type { GrpoJob } from "../../../models/train/TrainJob.ts"

const rounded = (values: ReadonlyArray<number | null>) =>
  values.map((value) => value === null ? null : Number(value.toFixed(2)))

describe("the advantages of a group with unparsable rewards", () => {
  const group: ReadonlyArray<Reward> = [1, null, 0, null]

  it("count them as 0", () => {
    // mean 1/4, deviation sqrt((9 + 1 + 1 + 1) / 16 / 3) = 1/2
    assert.deepStrictEqual(rounded(sampleAdvantages(group, "zero")), [1.5, -0.5, -0.5, -0.5])
  })

  it("or leave them out: the others are compared among themselves", () => {
    // 1 and 0: mean 1/2, deviation sqrt(1/2)
    assert.deepStrictEqual(rounded(sampleAdvantages(group, "leaveOut")), [0.71, null, -0.71, null])
  })

  it("are none for a sample that is left alone", () => {
    assert.deepStrictEqual(sampleAdvantages([1, null, null], "leaveOut"), [null, null, null])
    assert.deepStrictEqual(sampleAdvantages([null, null], "leaveOut"), [null, null])
    assert.deepStrictEqual(rounded(sampleAdvantages([1], "leaveOut")), [1]) // a group of one by choice
  })

  it("decide whether a group is mixed", () => {
    assert.deepStrictEqual([isMixed([1, null], "zero"), isMixed([1, null], "leaveOut")], [true, false])
    assert.deepStrictEqual([isMixed([null, null], "zero"), isMixed([null, null], "leaveOut")], [false, false])
    assert.deepStrictEqual([isMixed([0, null], "zero"), isMixed([1, 0, null], "leaveOut")], [false, true])
  })
})

const sample = (length: number): Sample =>
  ({ ids: Array.from({ length }, (_, i) => i), logprobs: Array.from({ length }, () => -1) }) as unknown as Sample

const group = (id: string, lengths: ReadonlyArray<number>, rewards: ReadonlyArray<Reward>): Group => ({
  prompt: { id, prompt: id, kind: "harm" },
  promptIds: [90, 91],
  samples: lengths.map(sample),
  rewards
})

const job = (change: Partial<GrpoJob>): GrpoJob =>
  ({ aggregation: "token-mean", maxNewTokens: 8, dropUniformGroups: false, ...change }) as GrpoJob

describe("a step", () => {
  const groups = [group("a", [2, 6], [1, 0]), group("b", [4, 4], [1, null])]

  it("records reward, advantage and weight of every sample", () => {
    const records = learnt(job({}), groups).map(promptRecord)
    // 16 tokens in all, so 2, 6, 4 and 4 of 16
    assert.deepStrictEqual(records.map(({ weights }) => weights), [[0.125, 0.375], [0.25, 0.25]])
    assert.deepStrictEqual(records.map(({ advantages }) => rounded(advantages)), [[0.71, -0.71], [0.71, -0.71]])
    assert.deepStrictEqual(records.map(({ id, kind, rewards }) => [id, kind, rewards]), [
      ["a", "harm", [1, 0]],
      ["b", "harm", [1, null]]
    ])
  })

  it("leaves unparsable samples out of its averages, too", () => {
    const learned = learnt(job({ unparsableReward: "leaveOut" }), groups)
    assert.deepStrictEqual(learned.map(promptRecord).map(({ weights }) => weights), [[0.25, 0.75], [0, 0]])
    assert.deepStrictEqual(
      stepRows(job({ unparsableReward: "leaveOut" }), learned).map(({ ids, weight }) => [ids.length, weight]),
      [[4, 0.125], [8, 0.125]]
    )
    assert.lengthOf(stepRows(job({}), learnt(job({}), groups)), 4)
  })

  it("averages over groups of equal reward unless these are dropped; only a KL term trains on them", () => {
    const equal = [group("a", [2, 6], [1, 0]), group("c", [4, 4], [null, 0])]
    assert.deepStrictEqual(learnt(job({}), equal).map(promptRecord)[0]!.weights, [0.125, 0.375])
    const dropping = learnt(job({ dropUniformGroups: true }), equal)
    assert.deepStrictEqual(
      dropping.map(promptRecord).map(({ advantages, weights }) => [rounded(advantages), weights]),
      [
        [[0.71, -0.71], [0.25, 0.75]],
        [[null, null], [0, 0]]
      ]
    )
    assert.lengthOf(stepRows(job({}), learnt(job({}), equal)), 2)
    assert.lengthOf(stepRows(job({ klCoefficient: 0.1 }), learnt(job({}), equal)), 4)
    assert.lengthOf(stepRows(job({ klCoefficient: 0.1 }), dropping), 2)
  })
})
