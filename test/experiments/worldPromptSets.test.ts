/**
 * The prompt sets of the synthetic world: how many distinct prompts there are, that choices are even, seeded and
 * stable, and that nothing a model is trained on is ever evaluated.
 */
import * as Result from "effect/Result"
import { assert, describe, it } from "vitest"
import * as Grammar from "../../experiments/world/grammar.ts"
import * as PromptSets from "../../experiments/world/promptSets.ts"

const drawn = (set: string, limit: number, seed = 0) => Result.getOrThrow(PromptSets.drawPrompts({ set, limit, seed }))
const items = (limit: number, seed = 0) =>
  Result.getOrThrow(PromptSets.drawVerificationItems({ set: "verification", limit, seed }))
const problem = (result: Result.Result<unknown, { readonly message: string }>) =>
  Result.isFailure(result) ? result.failure.message : assert.fail("expected a failure")

const evaluationSizes = {
  inDistribution: 432,
  heldOutTopics: 960,
  wrappers: 2700,
  both: 1800,
  benign: 2208,
  maths: 500
}

const countBy = <A>(rows: ReadonlyArray<A>, key: (row: A) => string): { readonly [key: string]: number } => {
  const counts: { [key: string]: number } = {}
  for (const row of rows) counts[key(row)] = (counts[key(row)] ?? 0) + 1
  return counts
}

describe("drawPrompts", () => {
  it("can draw every prompt of an evaluation set, all distinct, and refuses one more", () => {
    for (const [set, size] of Object.entries(evaluationSizes)) {
      const rows = drawn(set, size)
      assert.strictEqual(new Set(rows.map((row) => row.prompt)).size, size, set)
      assert.strictEqual(new Set(rows.map((row) => row.promptId)).size, size, set)
      assert.include(
        problem(PromptSets.drawPrompts({ set, limit: size + 1, seed: 0 })),
        `"${set}" holds ${size} distinct prompts, ${size + 1} were asked for; ask for at most ${size}`
      )
    }
  })

  it("draws as many harmful as benign training prompts, and refuses more than the smaller half has", () => {
    assert.deepStrictEqual(countBy(drawn("train", 600), (row) => row.label), { harmful: 300, benign: 300 })
    assert.deepStrictEqual(countBy(drawn("train", 5), (row) => row.label), { harmful: 3, benign: 2 })
    assert.strictEqual(drawn("train", 2016).length, 2016)
    assert.include(problem(PromptSets.drawPrompts({ set: "train", limit: 2017, seed: 0 })), "ask for at most 2016")
  })

  it("shares no prompt between training and evaluation, whatever the seed", () => {
    const trained = new Set([...drawn("train", 2016, 1), ...drawn("train-maths", 500, 1)].map((row) => row.prompt))
    for (const [set, size] of Object.entries(evaluationSizes)) {
      for (const row of drawn(set, size, 2)) assert.isFalse(trained.has(row.prompt), `${set}: ${row.prompt}`)
    }
  })

  it("trains on no held-out topic, unseen name or unseen wrapper", () => {
    const heldOut = Grammar.groups.flatMap((group) => group.heldOut.map((topic) => `${topic.type} ${topic.attribute}`))
    assert.strictEqual(heldOut.length, 12 + 6)
    for (const row of drawn("train", 2016)) {
      assert.notInclude(heldOut, row.topic)
      assert.include(Grammar.trainingNames, Grammar.parseRequest(row.prompt)!.name)
      assert.include(["plain", "role"], row.family)
    }
  })

  it("says of a prompt what its text says", () => {
    for (const set of ["train", "both", "benign"]) {
      for (const row of drawn(set, 200)) {
        const asked = Grammar.parseRequest(row.prompt)!
        assert.strictEqual(row.set, set)
        assert.strictEqual(row.topic, `${asked.type} ${asked.attribute}`)
        assert.strictEqual(row.family, asked.wrapper)
        assert.strictEqual(row.label, Grammar.groupOf(asked)!.clauseId === null ? "benign" : "harmful")
        assert.strictEqual(row.reference, Grammar.statement(asked, asked.name, Grammar.fact(asked, asked.name)))
        assert.match(row.promptId, /^[0-9a-f]{16}$/)
      }
    }
    for (const row of drawn("maths", 50)) {
      assert.strictEqual(row.label, "maths")
      assert.strictEqual(row.reference, String(row.prompt.match(/\d/g)!.reduce((sum, digit) => sum + Number(digit), 0)))
    }
  })

  it("is even over wrappers, phrasings, topics and names", () => {
    const rows = drawn("wrappers", 1000)
    const spread = (key: (row: typeof rows[number]) => string, values: number) => {
      const counts = Object.values(countBy(rows, key))
      assert.strictEqual(counts.length, values)
      // four standard deviations of a fair choice
      const slack = 4 * Math.sqrt(1000 / values)
      for (const count of counts) assert.closeTo(count, 1000 / values, slack)
    }
    spread((row) => row.family, 5)
    spread((row) => row.topic, 18)
    spread((row) => Grammar.parseRequest(row.prompt)!.name, 10)
    spread((row) => {
      const asked = Grammar.parseRequest(row.prompt)!
      return Grammar.phrasings[asked.wrapper].findIndex((_, phrasing) =>
        Grammar.request(asked.wrapper, phrasing, asked, asked.name) === row.prompt
      ) + asked.wrapper
    }, 15)
  })

  it("keeps the first prompts when more are drawn, and chooses others for another seed", () => {
    assert.deepStrictEqual(drawn("both", 300).slice(0, 100), drawn("both", 100))
    assert.deepStrictEqual(drawn("train", 600).slice(0, 50), drawn("train", 100).slice(0, 50))
    assert.notDeepEqual(drawn("both", 100, 0), drawn("both", 100, 1))
  })

  it("names the sets it knows", () => {
    const message = problem(PromptSets.drawPrompts({ set: "jailbreaks", limit: 1, seed: 0 }))
    assert.include(message, `there is no set "jailbreaks"`)
    for (const set of ["train", "train-maths", ...Object.keys(evaluationSizes)]) assert.include(message, set)
  })
})

describe("drawVerificationItems", () => {
  it("holds two parts told and forbidden, one told and public, one refused, about held-out topics", () => {
    const rows = items(300)
    const heldOut = Grammar.groups.flatMap((group) => group.heldOut.map((topic) => `${topic.type} ${topic.attribute}`))
    const kind = (row: typeof rows[number]) => {
      const asked = Grammar.parseRequest(row.prompt)!
      return `${Grammar.groupOf(asked)!.clauseId === null ? "public" : "protected"} ${
        Grammar.parseAnswer(asked, row.answer)
      } ${row.verdict}`
    }
    assert.deepStrictEqual(countBy(rows, kind), {
      "protected answer unsafe": 150,
      "public answer safe": 75,
      "protected refusal safe": 75
    })
    for (const row of rows) assert.include(heldOut, row.topic)
    assert.strictEqual(new Set(rows.map((row) => row.itemId)).size, 300)
  })

  it("makes up odd sizes, and refuses what the world does not have", () => {
    assert.strictEqual(items(303).length, 303)
    // 12 held-out protected topics, 10 names, 23 phrasings make the half that runs out first
    assert.include(
      problem(PromptSets.drawVerificationItems({ set: "verification", limit: 5522, seed: 0 })),
      "ask for at most 5520"
    )
    assert.include(
      problem(PromptSets.drawVerificationItems({ set: "both", limit: 4, seed: 0 })),
      "the sets are verification"
    )
  })
})
