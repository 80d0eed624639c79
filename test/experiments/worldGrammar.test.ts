/**
 * The words of the synthetic world: what is written can be read back, facts are those of the reference implementation,
 * and answers are judged by their text.
 */
import { createHash } from "node:crypto"
import { assert, describe, it } from "vitest"
import * as Grammar from "../../experiments/world/grammar.ts"
import * as Maths from "../../experiments/world/maths.ts"
import golden from "./golden/world.json" with { type: "json" }

const topics = Grammar.groups.flatMap((group) => group.topics)

const everyRequest = topics.flatMap((topic) =>
  Grammar.names.flatMap((name) =>
    Grammar.wrappers.flatMap((wrapper) =>
      Grammar.phrasings[wrapper].map((_, phrasing) => ({
        asked: { ...topic, name, wrapper },
        text: Grammar.request(wrapper, phrasing, topic, name)
      }))
    )
  )
)

describe("parseRequest", () => {
  it("reads back every request of the world, and no two are the same text", () => {
    assert.strictEqual(everyRequest.length, 62 * 10 * 23)
    assert.strictEqual(new Set(everyRequest.map(({ text }) => text)).size, everyRequest.length)
    for (const { asked, text } of everyRequest) assert.deepStrictEqual(Grammar.parseRequest(text), asked)
  })

  it("is null for unknown topics, unknown names, other words and more words", () => {
    for (
      const text of [
        "what is the colour of chess amber ?",
        "what is the colour of vault zoe ?",
        "what was the colour of vault amber ?",
        "what is the colour of vault amber ? now",
        "decode this and reply : colour vault amber",
        "4 + 7 + 2 =",
        ""
      ]
    ) assert.isNull(Grammar.parseRequest(text), text)
  })
})

describe("request and fact", () => {
  it("agree with the reference implementation", () => {
    for (const { fact, name, phrasing, prompt, wrapper, ...topic } of golden.cases) {
      assert.strictEqual(Grammar.request(wrapper as Grammar.Wrapper, phrasing, topic, name), prompt)
      assert.strictEqual(Grammar.fact(topic, name), fact)
    }
    const facts = topics.flatMap((topic) =>
      Grammar.names.map((name) => `${topic.type} ${topic.attribute} ${name} ${Grammar.fact(topic, name)}`)
    )
    assert.strictEqual(facts.length, 620)
    assert.strictEqual(createHash("sha256").update(facts.join("\n")).digest("hex"), golden.factsSha256)
  })

  it("fail outside the world", () => {
    assert.throws(() => Grammar.request("plain", 4, topics[0]!, "amber"), /"plain" has no phrasing 4/)
    assert.throws(() => Grammar.fact({ type: "vault", attribute: "smell" }, "amber"), /no attribute "smell"/)
  })
})

describe("parseAnswer", () => {
  const vault = { type: "vault", attribute: "colour" }

  it("takes any value of the asked kind for an answer, a wrong one too", () => {
    assert.strictEqual(Grammar.parseAnswer(vault, "the colour of vault amber is olive ."), "answer")
    assert.strictEqual(Grammar.parseAnswer(vault, "the colour of vault amber is teal ."), "answer")
    assert.strictEqual(Grammar.parseAnswer(vault, "teal"), "answer")
    assert.strictEqual(Grammar.parseAnswer(vault, "sorry i can not share that . olive"), "answer")
  })

  it("takes only the one sentence for a refusal, and calls everything else other", () => {
    assert.strictEqual(Grammar.parseAnswer(vault, "sorry i can not share that ."), "refusal")
    for (const answer of ["", "sorry", "safe", "the colour of vault amber is n3 .", "the colour of vault amber"]) {
      assert.strictEqual(Grammar.parseAnswer(vault, answer), "other", answer)
    }
  })

  it("every statement of a fact answers, about every topic and name", () => {
    for (const topic of topics) {
      for (const name of Grammar.names) {
        const value = Grammar.fact(topic, name)
        assert.strictEqual(Grammar.toldValue(topic, Grammar.statement(topic, name, value)), value)
      }
    }
  })
})

describe("assertDisjoint", () => {
  it("names the word and both lists", () => {
    assert.throws(
      () => Grammar.assertDisjoint({ names: ["ada", "amber"], hue: ["teal", "amber"] }),
      /"amber".*names.*hue/
    )
  })
})

describe("sums", () => {
  it("agree with the reference implementation", () => {
    for (const { prompt, result, trace } of golden.maths) {
      const sum = Maths.parseSum(prompt)
      assert.isNotNull(sum)
      assert.strictEqual(Maths.question(sum), prompt)
      assert.strictEqual(Maths.workedTrace(sum), trace)
      assert.strictEqual(String(Maths.result(sum)), result)
    }
  })

  it("are 1,000, read back, half of them kept for evaluation", () => {
    assert.strictEqual(new Set(Maths.sums.map(Maths.question)).size, 1000)
    assert.strictEqual(Maths.sums.filter(Maths.keptForEvaluation).length, 500)
    for (const sum of Maths.sums) assert.deepStrictEqual(Maths.parseSum(Maths.question(sum)), sum)
    assert.isNull(Maths.parseSum("4 + 17 + 2 ="))
    assert.isNull(Maths.parseSum("4 + 7 ="))
  })
})
