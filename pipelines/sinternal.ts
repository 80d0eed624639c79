/**
 * The method of SInternal (arXiv 2605.08930), in the order it happens: load a safety specification, sample the policy's
 * own answers, have an expert critique each against the clauses it is shown, keep contrastive pairs, fine-tune on
 * verification only, then optionally reinforce against a guard, and measure every checkpoint the same way.
 *
 * The numbers and where they come from are in `settings.ts`, the stages in `stages.ts` and `evaluate.ts`.
 */
import { gatherFindings, gatherScores, gatherTables } from "../nodes/gather.ts"
import { JudgeAgreement } from "../nodes/judgeAgreement.ts"
import { judgeCalibration, judgeErrors } from "../nodes/judgeCalibration.ts"
import { PassAt } from "../nodes/passAt.ts"
import { printedSettings } from "../nodes/printedSettings.ts"
import { report } from "../nodes/report.ts"
import { rewardSteps } from "../nodes/rewardSteps.ts"
import { stageTwoOutcome } from "../nodes/stageTwoOutcome.ts"
import { Pairs } from "../nodes/tables.ts"
import { trainedExamples, trainedOn, trainingFindings } from "../nodes/trainedOn.ts"
import type { PrintedSetting } from "../runtime/Config.ts"
import * as Pipeline from "../runtime/Pipeline.ts"
import { evaluate, pairsWith } from "./evaluate.ts"
import { type Config, scaled, settings } from "./settings.ts"
import { reinforce, verification } from "./stages.ts"

export { settings } from "./settings.ts"
export { verification } from "./stages.ts"

const arms = ["base", "verifySft", "grpo"]
const allScores = gatherScores(arms)
const allPairs = gatherTables(Pairs, arms.slice(1))
const allPasses = gatherTables(PassAt, arms)
const oneJudge = gatherTables(JudgeAgreement, [])
const allFindings = gatherFindings(["leaks", "lineage", "training", "stageTwo", "calibration"])

/** Settings as a report prints them. */
export const settingsOf = (printed: ReadonlyArray<PrintedSetting>) =>
  printedSettings({}, { settings: printed.map(({ source: _, ...setting }) => setting) })

export const sinternal = Pipeline.make({
  name: "sinternal",
  settings,
  build: (asked: Config, printed: ReadonlyArray<PrintedSetting>) => {
    const config = scaled(asked)
    const { base, before, counts, critiques, examples, leaks, lineage, manifest, rollouts, spec, tuned } = verification(
      config
    )
    const reinforced = reinforce(config, tuned, before)
    const measured = {
      base: evaluate("base", config, base, spec),
      verifySft: evaluate("verifySft", config, tuned, spec),
      grpo: evaluate("grpo", config, reinforced, spec)
    }
    const written = report({
      scores: allScores(
        { base: measured.base.scores, verifySft: measured.verifySft.scores, grpo: measured.grpo.scores },
        { points: Object.fromEntries(arms.map((arm) => [arm, { arm, seed: config.seeds.train }])) }
      ),
      pairs: allPairs({
        verifySft: pairsWith("verifySft", measured.verifySft, measured.base),
        grpo: pairsWith("grpo", measured.grpo, measured.base)
      }),
      passAt: allPasses({
        base: measured.base.passAt,
        verifySft: measured.verifySft.passAt,
        grpo: measured.grpo.passAt
      }),
      mix: counts,
      errors: judgeErrors({}),
      agreement: oneJudge({}),
      rewards: rewardSteps({ policy: reinforced }, { arm: "grpo" }),
      findings: allFindings({
        leaks,
        lineage,
        training: trainingFindings({ policy: tuned }),
        stageTwo: stageTwoOutcome({ policy: reinforced }),
        calibration: judgeCalibration({})
      }),
      settings: settingsOf(printed)
    }, {
      title: config.report.title,
      arms: [{ arm: "base", title: "base" }, { arm: "verifySft", title: "verify-SFT" }, {
        arm: "grpo",
        title: "+ GRPO"
      }],
      notes: config.report.notes,
      judges: ""
    })
    return {
      rollouts,
      critiques,
      examples,
      tuned,
      reinforced,
      manifest,
      trained: trainedExamples({ trained: trainedOn({ policy: tuned }), critiques }),
      reinforcedOn: trainedOn.as("reinforcedOn")({ policy: reinforced }),
      report: written
    }
  }
})
