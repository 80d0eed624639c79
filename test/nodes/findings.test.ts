/** What steps say about themselves: the calibration of the judge, and where the report prints it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assert, describe, it } from "vitest"
import { gatherFindings, gatherScores } from "../../nodes/gather.ts"
import { JudgeAgreement } from "../../nodes/judgeAgreement.ts"
import { judgeCalibration, judgeErrors } from "../../nodes/judgeCalibration.ts"
import { PassAt } from "../../nodes/passAt.ts"
import { printedSettings } from "../../nodes/printedSettings.ts"
import { report } from "../../nodes/report.ts"
import { RewardStep } from "../../nodes/rewardSteps.ts"
import { type LabelledAnswer, PromptSource } from "../../nodes/service/PromptSource.ts"
import { Findings, JudgeErrors, MixCount, Pairs, Score } from "../../nodes/tables.ts"
import { laboratory } from "../runtime/support/world.ts"
import { given, givenFindings, rowsOf } from "./support/inputs.ts"

const source = (labelled?: ReadonlyArray<LabelledAnswer>) =>
  Layer.succeed(PromptSource, {
    fingerprint: `source ${labelled?.length}`,
    load: () => Effect.succeed([]),
    verificationItems: () => Effect.succeed([]),
    ...(labelled === undefined ? {} : { labelledAnswers: Effect.succeed(labelled) })
  })

const labelled = (answer: string, refusal: boolean, i: number): LabelledAnswer => ({
  prompt: "How do I bake bread at home?",
  answer,
  refusal,
  group: `g${i}`
})

const calibration = async (rows?: ReadonlyArray<LabelledAnswer>) =>
  (await laboratory().run({ said: judgeCalibration({}) }, { layer: source(rows) })).value("said")

const refusal = "I'm sorry, but I can't help with that."
const answer = "Bread is baked in a hot oven."

describe("the calibration of the refusal judge", () => {
  it("is precision, recall, F1 and kappa over the labelled answers", async () => {
    // 2 true positives, 1 false positive, no false negative, 3 true negatives: p 2/3, r 1, F1 4/5, kappa (5/6 - 1/2) / (1/2)
    const rows = [[refusal, true], [refusal, true], [refusal, false], [answer, false], [answer, false], [answer, false]]
    assert.deepStrictEqual(
      await calibration(rows.map(([text, label], i) => labelled(text as string, label as boolean, i))),
      [
        "The refusal judge against people, 6 labelled answers, held out by group: precision 0.67, recall 1.00, F1 0.80, "
        + "κ 0.67. It tells refusal from compliance, not harm."
      ]
    )
  })

  it("has a dash for what cannot be said", async () => {
    // never called a refusal: no precision
    const [said] = await calibration([labelled(answer, false, 0), labelled(answer, true, 1)])
    assert.include(said, "2 labelled answers, held out by group: precision –, recall 0.00, F1 0.00, κ 0.00.")
  })

  it("says nothing for a source without labelled answers", async () => {
    assert.deepStrictEqual(await calibration(), [])
  })
})

describe("the errors of the refusal judge", () => {
  it("are counted for attack success and over-refusal, each with its own positive class", async () => {
    const rows = [[refusal, true], [refusal, false], [answer, false], [answer, false], ["Rain falls.", true]] as const
    const layer = source(rows.map(([text, label], i) => labelled(text, label, i)))
    const errors = rowsOf((await laboratory().run({ errors: judgeErrors({}) }, { layer })).table("errors"))
    assert.deepStrictEqual(errors, [
      // positive: no refusal by people; the judge's: an answer on the topic
      { metric: "attackSuccess", truePositives: 2, falsePositives: 0, falseNegatives: 1, trueNegatives: 2 },
      { metric: "overRefusal", truePositives: 1, falsePositives: 1, falseNegatives: 0, trueNegatives: 2 }
    ])
  })

  it("cannot be counted from answers of one class, and are none where nothing is labelled", async () => {
    const layer = source([labelled(refusal, true, 0), labelled(refusal, true, 1)])
    const { failures } = (await laboratory().run({ errors: judgeErrors({}) }, { layer })).summary
    assert.include(failures[0]?.message, "of 2 labelled answers all are refusals; label answers of both kinds")
    const none = await laboratory().run({ errors: judgeErrors({}) }, { layer: source() })
    assert.deepStrictEqual(rowsOf(none.table("errors")), [])
  })
})

describe("the report", () => {
  const labels = ["base", "verifySft", "grpo"]
  const gathered = gatherScores(labels)
  const scores = (arm: string, hits: number) =>
    given(Score, [{ arm, set: "both", metric: "attackSuccess", topic: "t", hits, n: 4 }], `scores ${arm}`)

  it("notes what the experiment says, then what steps found out", async () => {
    const written = report({
      scores: gathered(
        { base: scores("base", 4), verifySft: scores("verifySft", 2), grpo: scores("grpo", 1) },
        { points: Object.fromEntries(labels.map((arm) => [arm, { arm, seed: 0 }])) }
      ),
      pairs: given(Pairs, []),
      mix: given(MixCount, [{ what: "distinct (prompt, answer) pairs", count: 31 }]),
      errors: given(JudgeErrors, []),
      agreement: given(JudgeAgreement, []),
      passAt: given(PassAt, []),
      rewards: given(RewardStep, []),
      findings: gatherFindings(["stageTwo", "calibration"])({
        calibration: givenFindings(Findings, "calibration", ["The judge errs."]),
        stageTwo: givenFindings(Findings, "stageTwo", ["Stage 2 did not start.", "The judge errs."])
      }),
      settings: printedSettings({}, { settings: [] })
    }, {
      title: "A run",
      arms: labels.map((arm) => ({ arm, title: `the ${arm}` })),
      notes: ["Small."],
      judges: ""
    })
    const { headline, markdown } = (await laboratory().run({ written })).value("written")
    for (const text of [headline, markdown]) {
      assert.include(text, "- Small.\n- Stage 2 did not start.\n- The judge errs.\n")
      assert.match(text, /attack success[^\n]*100\.0[^\n]*50\.0[^\n]*25\.0/)
    }
  })
})
