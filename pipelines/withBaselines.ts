/**
 * The method beside what it must be compared with on a small model: the base in its own turn, the base with a safety turn,
 * and imitation of its own refusals. The same prompts, the same judges; a second judge reads every answer, too.
 */
import { demonstrationFindings, ownDemonstrations } from "../nodes/demonstrate.ts"
import { gatherFindings, gatherScores, gatherTables } from "../nodes/gather.ts"
import { imitateSft } from "../nodes/imitateSft.ts"
import { JudgeAgreement } from "../nodes/judgeAgreement.ts"
import { harmCalibration, judgeCalibration, judgeErrors } from "../nodes/judgeCalibration.ts"
import { PassAt } from "../nodes/passAt.ts"
import { report } from "../nodes/report.ts"
import { rewardSteps } from "../nodes/rewardSteps.ts"
import { stageTwoOutcome } from "../nodes/stageTwoOutcome.ts"
import { Pairs } from "../nodes/tables.ts"
import { trainedExamples, trainedOn, trainingFindings } from "../nodes/trainedOn.ts"
import type { PrintedSetting } from "../runtime/Config.ts"
import * as Pipeline from "../runtime/Pipeline.ts"
import { evaluate, judgedTwice, pairsWith } from "./evaluate.ts"
import { type Config, scaled, settings } from "./settings.ts"
import { settingsOf } from "./sinternal.ts"
import { reinforce, verification } from "./stages.ts"

const arms = {
  ownTurn: "base, own turn",
  base: "base",
  refusalSft: "refusal-SFT",
  verifySft: "verify-SFT",
  grpo: "+ GRPO"
}
const names = Object.keys(arms) as ReadonlyArray<keyof typeof arms>
const allScores = gatherScores(names)
const allPairs = gatherTables(Pairs, ["refusalSft", "verifySft", "grpo"])
const allPasses = gatherTables(PassAt, names)
const allAgreement = gatherTables(JudgeAgreement, names)
const allFindings = gatherFindings(["leaks", "lineage", "imitated", "training", "stageTwo", "calibration", "harm"])

/** Every arm's policy, and what the steps found out about themselves. */
const policies = (config: Config) => {
  const made = verification(config)
  const demonstrations = ownDemonstrations(
    { answers: made.routed, critiques: made.critiques, prompts: made.labelled },
    { seed: config.seeds.data, cutAnswers: config.cutAnswers }
  )
  return {
    ...made,
    refusals: imitateSft({ base: made.base, demonstrations }, { settings: config.sft, seed: config.seeds.train }),
    reinforced: reinforce(config, made.tuned, made.before),
    imitated: demonstrationFindings({ demonstrations, prompts: made.labelled }, { name: "refusal-SFT" })
  }
}

export const withBaselines = Pipeline.make({
  name: "withBaselines",
  settings,
  build: (asked: Config, printed: ReadonlyArray<PrintedSetting>) => {
    const config = scaled(asked)
    const {
      base,
      counts,
      critiques,
      examples,
      imitated,
      leaks,
      lineage,
      manifest,
      refusals,
      reinforced,
      rollouts,
      spec,
      tuned
    } = policies(config)
    const measured = {
      ownTurn: evaluate("ownTurn", { ...config, system: "" }, base, spec),
      base: evaluate("base", config, base, spec),
      refusalSft: evaluate("refusalSft", config, refusals, spec),
      verifySft: evaluate("verifySft", config, tuned, spec),
      grpo: evaluate("grpo", config, reinforced, spec)
    }
    const of = <A>(pick: (name: keyof typeof arms) => A) => Object.fromEntries(names.map((name) => [name, pick(name)]))
    const written = report({
      scores: allScores(of((name) => measured[name].scores), {
        points: Object.fromEntries(names.map((arm) => [arm, { arm, seed: config.seeds.train }]))
      }),
      pairs: allPairs({
        refusalSft: pairsWith("refusalSft", measured.refusalSft, measured.base),
        verifySft: pairsWith("verifySft", measured.verifySft, measured.base),
        grpo: pairsWith("grpo", measured.grpo, measured.base)
      }),
      mix: counts,
      errors: judgeErrors({}),
      agreement: allAgreement(of((name) => judgedTwice(name, config, measured[name], spec))),
      passAt: allPasses(of((name) => measured[name].passAt)),
      rewards: rewardSteps({ policy: reinforced }, { arm: "grpo" }),
      findings: allFindings({
        leaks,
        lineage,
        imitated,
        training: trainingFindings({ policy: tuned }),
        stageTwo: stageTwoOutcome({ policy: reinforced }),
        calibration: judgeCalibration({}),
        harm: harmCalibration({})
      }),
      settings: settingsOf(printed)
    }, {
      title: config.report.title,
      // the base with the turn that all arms get stands first: changes are from it
      arms: (["base", "ownTurn", "refusalSft", "verifySft", "grpo"] as const).map((arm) => ({ arm, title: arms[arm] })),
      notes: config.report.notes,
      judges:
        "First judge: the refusal judge with the request's label; second: a harm judge fitted on scored answers, which does not carry over to a model's own answers."
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
