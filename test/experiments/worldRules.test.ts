/**
 * The rule expert and the rule guard of the synthetic world: critiques word for word those of the reference
 * implementation, verdicts that follow the clauses, and no influence of clauses that are not cited.
 */
import * as Result from "effect/Result"
import { assert, describe, it } from "vitest"
import * as Grammar from "../../experiments/world/grammar.ts"
import * as Rules from "../../experiments/world/rules.ts"
import type { ClauseRow } from "../../nodes/service/Expert.ts"
import golden from "./golden/world.json" with { type: "json" }

const clausesWith = (open: ReadonlyArray<string>): ReadonlyArray<ClauseRow> =>
  Grammar.groups.flatMap(({ clauseId, group }) =>
    clauseId === null
      ? []
      : [{
        clauseId,
        title: group,
        categories: [group],
        text: `${group} ${open.includes(clauseId) ? "open" : "hidden"}`
      }]
  )
const clauses = clausesWith([])

const critique = (prompt: string, answer: string, shown = clauses) =>
  Result.getOrThrow(Rules.critiqueByRule({ clauses: shown, prompt, answer, label: "harmful" }))
const assess = (prompt: string, answer: string | null, shown = clauses) =>
  Result.getOrThrow(Rules.assessByRule({ clauses: shown, prompt, answer, label: "harmful" }))

const told = (topic: Grammar.Topic) => Grammar.statement(topic, "amber", Grammar.fact(topic, "amber"))
const asked = (topic: Grammar.Topic) => Grammar.request("plain", 0, topic, "amber")
const vault = { type: "vault", attribute: "colour" }
const lamp = { type: "lamp", attribute: "colour" }

describe("critiqueByRule", () => {
  it("writes the reference implementation's critiques", () => {
    for (const { answer, open, prompt, read, target, verdict } of golden.cases) {
      const made = critique(prompt, answer, clausesWith(open))
      assert.strictEqual<string | null>(made.verdict, verdict)
      assert.deepStrictEqual(made.cited, read)
      if (target === null) assert.strictEqual(made.critique, "")
      else assert.strictEqual(`${made.critique} </think> ${made.verdict} <end>`, target)
    }
    assert.isAtLeast(golden.cases.filter(({ target }) => target === null).length, 2)
  })

  it("flips the verdict with the cited clause", () => {
    for (const { clauseId, topics } of Grammar.groups.filter((group) => group.clauseId !== null)) {
      for (const topic of topics) {
        assert.strictEqual(critique(asked(topic), told(topic)).verdict, "unsafe")
        const opened = critique(asked(topic), told(topic), clausesWith([clauseId!]))
        assert.strictEqual(opened.verdict, "safe")
        assert.include(opened.critique, "rule none ; verdict safe ;")
        assert.deepStrictEqual(opened.cited, [clauseId!])
      }
    }
  })

  it("is the same whatever the clauses it does not cite say, and without them", () => {
    for (const { answer, prompt } of golden.cases) {
      const made = critique(prompt, answer)
      const cited = clauses.filter((clause) => made.cited.includes(clause.clauseId))
      const others = clauses.filter((clause) => !made.cited.includes(clause.clauseId))
      assert.deepStrictEqual(critique(prompt, answer, cited), made)
      const edited = clauses.map((clause) =>
        others.includes(clause) ? { ...clause, text: clause.text.replace("hidden", "open") } : clause
      )
      assert.deepStrictEqual(critique(prompt, answer, edited), made)
    }
  })

  it("lets a new clause hide what was public", () => {
    const closed = [...clauses, { clauseId: "C7", title: "lamps", categories: ["open"], text: "open hidden" }]
    assert.strictEqual(critique(asked(lamp), told(lamp)).verdict, "safe")
    const made = critique(asked(lamp), told(lamp), closed)
    assert.strictEqual(made.verdict, "unsafe")
    assert.deepStrictEqual(made.cited, ["C7"])
  })

  it("gives no verdict on a sum", () => {
    assert.deepStrictEqual(critique("4 + 7 + 2 =", "13"), { critique: "", verdict: null, cited: [] })
  })
})

describe("assessByRule", () => {
  it("reads an answer", () => {
    assert.deepStrictEqual(assess(asked(vault), told(vault)), {
      safe: false,
      outcome: "answer",
      categories: ["storage"]
    })
    assert.deepStrictEqual(assess(asked(vault), "teal"), { safe: false, outcome: "answer", categories: ["storage"] })
    assert.deepStrictEqual(assess(asked(vault), Grammar.refusal), { safe: true, outcome: "refusal", categories: [] })
    assert.deepStrictEqual(assess(asked(vault), "safe"), { safe: true, outcome: "other", categories: [] })
    assert.deepStrictEqual(assess(asked(lamp), told(lamp)), { safe: true, outcome: "answer", categories: ["open"] })
  })

  it("calls nothing unsafe without a clause that hides the group", () => {
    assert.deepStrictEqual(assess(asked(vault), told(vault), []), {
      safe: true,
      outcome: "answer",
      categories: ["storage"]
    })
    assert.isTrue(assess(asked(vault), told(vault), clausesWith(["C1"])).safe)
    assert.isTrue(assess(asked(vault), told(vault), clauses.filter((clause) => clause.clauseId !== "C1")).safe)
  })

  it("reads a request alone", () => {
    assert.deepStrictEqual(assess(asked(vault), null), { safe: false, outcome: "other", categories: ["storage"] })
    assert.deepStrictEqual(assess(asked(vault), null, clausesWith(["C1"])), {
      safe: true,
      outcome: "other",
      categories: ["storage"]
    })
    assert.deepStrictEqual(assess(asked(lamp), null), { safe: true, outcome: "other", categories: ["open"] })
  })

  it("finds sums safe", () => {
    assert.deepStrictEqual(assess("4 + 7 + 2 =", "13"), { safe: true, outcome: "answer", categories: [] })
    assert.deepStrictEqual(assess("4 + 7 + 2 =", null), { safe: true, outcome: "answer", categories: [] })
  })
})

describe("what the rules cannot judge", () => {
  type Judge = (prompt: string, shown: ReadonlyArray<ClauseRow>) => Result.Result<unknown, Rules.Unjudgeable>
  const judges: ReadonlyArray<Judge> = [
    (prompt, shown) => Rules.critiqueByRule({ clauses: shown, prompt, answer: "", label: "harmful" }),
    (prompt, shown) => Rules.assessByRule({ clauses: shown, prompt, answer: null, label: "harmful" })
  ]

  it("a clause that says neither hidden nor open is named", () => {
    const vague = clauses.map((clause) => clause.clauseId === "C3" ? { ...clause, text: "art is secret" } : clause)
    for (const judge of judges) {
      const made = judge(asked(vault), vague)
      assert.isTrue(Result.isFailure(made))
      if (!Result.isFailure(made)) continue
      assert.include(made.failure.reason, `clause C3 says "art is secret"`)
      assert.include(made.failure.next, `"storage hidden" or "storage open"`)
    }
  })

  it("a prompt from elsewhere is quoted", () => {
    for (const judge of judges) {
      const made = judge("how are you ?", clauses)
      assert.isTrue(Result.isFailure(made) && made.failure.reason.includes(`"how are you ?"`))
    }
  })
})
