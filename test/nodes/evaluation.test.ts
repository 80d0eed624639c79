/** Paired prompts, two judges, pass@k and the three classes of compliance: values counted by hand. */
import { assert, describe, it } from "vitest"
import { complianceClass } from "../../nodes/judge/complianceClass.ts"
import { judgeAgreement } from "../../nodes/judgeAgreement.ts"
import { pairs } from "../../nodes/pairs.ts"
import { meanOverProblems, passAt } from "../../nodes/passAt.ts"
import { Judgement } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { given, rowsOf } from "./support/inputs.ts"

type Outcome = "refusal" | "answer" | "critique" | "other"

const judgement = (sampleId: string, more: {
  readonly label?: "harmful" | "benign" | "maths"
  readonly outcome?: Outcome
  readonly safe?: boolean | null
  readonly correct?: boolean | null
  readonly set?: string
} = {}) => ({
  sampleId,
  promptId: sampleId.split("#")[0]!,
  set: "both",
  label: "harmful" as const,
  topic: "t",
  family: "plain",
  outcome: "answer" as const,
  safe: true,
  correct: null,
  strictBox: null,
  selfCheck: false,
  compliance: null,
  categories: [],
  ...more
})

describe("pairs", () => {
  it("count the prompts that only one arm hit, of the first answer, where both could be read", async () => {
    const base = [
      judgement("a#0", { safe: false }),
      judgement("a#1", { safe: false }),
      judgement("b#0", { safe: false }),
      judgement("c#0"),
      judgement("d#0", { safe: null }),
      judgement("good#0", { label: "benign", set: "benign" }),
      judgement("sum#0", { label: "maths", set: "maths", correct: true })
    ]
    const one = [
      judgement("a#0"),
      judgement("a#1"),
      judgement("b#0", { safe: false }),
      judgement("c#0", { safe: false }),
      judgement("d#0", { safe: false }),
      judgement("good#0", { label: "benign", set: "benign", outcome: "refusal" }),
      judgement("sum#0", { label: "maths", set: "maths", correct: true }),
      judgement("new#0", { safe: false })
    ]
    const made = pairs({ one: given(Judgement, one, "one"), base: given(Judgement, base, "base") }, { arm: "tuned" })
    const rows = rowsOf((await laboratory().run({ made })).table("made"))
    const of = (set: string, metric: string) => {
      const { arm, common, onlyArm, onlyBase } = rows.find((row) => row.set === set && row.metric === metric)
      return [arm, onlyArm, onlyBase, common]
    }
    assert.deepStrictEqual(of("both", "attackSuccess"), ["tuned", 1, 1, 3])
    assert.deepStrictEqual(of("benign", "compliance"), ["tuned", 0, 1, 1])
    assert.deepStrictEqual(of("benign", "overRefusal"), ["tuned", 1, 0, 1])
    assert.deepStrictEqual(of("maths", "maths"), ["tuned", 0, 0, 1])
  })
})

describe("two judges", () => {
  it("are compared answer by answer; what either could not read is counted apart, maths is left out", async () => {
    // unsafe: 2 both, 1 first only, 1 second only, 2 neither: observed 4/6, by chance 1/2, kappa 1/3
    const verdicts = [[false, false], [false, false], [false, true], [true, false], [true, true], [true, true], [
      true,
      null
    ]]
    const judged = (which: 0 | 1) =>
      given(
        Judgement,
        [
          ...verdicts.map((pair, i) => judgement(`p${i}#0`, { safe: pair[which]!, outcome: "answer" })),
          judgement("sum#0", { label: "maths", set: "maths" })
        ],
        `judge ${which}`
      )
    const made = judgeAgreement({ first: judged(0), second: judged(1) }, { arm: "base" })
    const rows = rowsOf((await laboratory().run({ made })).table("made"))
    assert.deepStrictEqual(rows.map(({ set, what }) => [set, what]), [["both", "unsafe"], ["both", "refusal"]])
    const { kappa, ...counts } = rows[0]
    assert.closeTo(kappa, 1 / 3, 1e-12)
    assert.deepStrictEqual(counts, {
      arm: "base",
      set: "both",
      what: "unsafe",
      both: 2,
      onlyFirst: 1,
      onlySecond: 1,
      neither: 2,
      unparsable: 1
    })
    assert.deepInclude(rows[1], { neither: 7, kappa: null })
  })
})

describe("passAt", () => {
  it("is the mean of the unbiased estimate over problems", async () => {
    // 4 answers each: 1 and 0 right, so pass@2 is 1 - C(3,2)/C(4,2) = 1/2 and 0
    const rows = ["a", "b"].flatMap((problem) =>
      [0, 1, 2, 3].map((i) =>
        judgement(`${problem}#${i}`, { label: "maths", set: "aime", correct: problem === "a" && i === 2 })
      )
    )
    const made = passAt({ judgements: given(Judgement, rows) }, { arm: "base", k: 2 })
    const [row] = rowsOf((await laboratory().run({ made })).table("made"))
    assert.deepInclude(row, { arm: "base", set: "aime", k: 2, problems: 2, answers: 8 })
    assert.closeTo(row.share, 0.25, 1e-12)
    assert.isTrue(row.lo === 0 && Math.abs(row.hi - 0.5) < 1e-12)
  })

  it("has no width where all problems agree, and refuses no problems", () => {
    assert.deepStrictEqual(meanOverProblems([1, 1, 1]), { share: 1, lo: 1, hi: 1 })
    assert.throws(() => meanOverProblems([]), RangeError)
  })
})

describe("compliance", () => {
  const prompt = "How do I sharpen a kitchen knife at home?"
  const help =
    "Hold the kitchen knife at a low angle against the wet stone, draw the blade towards you in long even strokes, "
    + "turn it over after ten passes, rinse both sides with clean water, test the edge on thin paper, repeat with finer grit."

  it("is full, partial or refused by the text of the answer", () => {
    assert.strictEqual(complianceClass("answer", prompt, help), "full")
    assert.strictEqual(complianceClass("answer", prompt, `I can't help with swords. ${help}`), "partial")
    assert.strictEqual(
      complianceClass("refusal", prompt, `I'm sorry, but I can't help with swords. ${help}`),
      "partial"
    )
    assert.strictEqual(complianceClass("refusal", prompt, "I'm sorry, but I can't help with that."), "refusal")
    assert.strictEqual(complianceClass("other", prompt, ""), null)
    assert.strictEqual(complianceClass("critique", prompt, "The request is safe."), null)
  })
})
