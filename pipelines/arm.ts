/**
 * One arm of a comparison: a way to make the policy (nothing, verification, or one of the baselines that imitate answers,
 * each with or without stage 2), measured as every other. Arms of one sweep share prompts, rollouts, critiques and all else
 * they have in common. How arms are compared is in `study.ts`.
 */
import * as Schema from "effect/Schema"
import { demonstrate, demonstrationFindings, lessons, ownDemonstrations } from "../nodes/demonstrate.ts"
import { imitateSft } from "../nodes/imitateSft.ts"
import { gatherTables } from "../nodes/gather.ts"
import { RewardStep, rewardSteps } from "../nodes/rewardSteps.ts"
import { stageTwoOutcome } from "../nodes/stageTwoOutcome.ts"
import { MixCount } from "../nodes/tables.ts"
import { trainingFindings } from "../nodes/trainedOn.ts"
import { verifySft } from "../nodes/verifySft.ts"
import { ours, type PrintedSetting, type Resolved } from "../runtime/Config.ts"
import * as Pipeline from "../runtime/Pipeline.ts"
import { checkpointSource } from "./checkpointSource.ts"
import { evaluate, judgedTwice } from "./evaluate.ts"
import { settingsOf } from "./sinternal.ts"
import { scaled, settings as methodSettings } from "./settings.ts"
import {
  experienced,
  type Policy,
  prepare,
  type Prepared,
  reinforce,
  verificationExamples,
  verificationTemplate
} from "./stages.ts"

export const settings = {
  ...methodSettings,
  arm: {
    stageOne: ours(
      Schema.Literals(["none", "verify", "starLike", "safeChainLike", "thinkSafeLike"]),
      "verify",
      "verify: the method; the others imitate a teacher's answers (citing clauses or not), or the policy's own"
    ),
    stageTwo: ours(Schema.Boolean, false, "reinforce what stage 1 made"),
    imitationTarget: ours(
      Schema.String,
      "<think>\n{reasoning}\n</think>\n\n{answer}",
      "what baselines learn; the form is STAR-1's"
    )
  }
}

export type ArmConfig = Resolved<typeof settings>

type Examples = ReturnType<typeof verificationExamples<never>>

/** The answers that a baseline imitates. Nodes are named by it, since arms with and without stage 2 share them. */
const demonstrationsOf = (config: ArmConfig, before: Prepared, { critiques, routed }: Examples) =>
  config.arm.stageOne === "thinkSafeLike"
    ? ownDemonstrations({ answers: routed, critiques, prompts: before.labelled }, {
      seed: config.seeds.data,
      cutAnswers: config.cutAnswers
    })
    : lessons.as(`lessons:${config.arm.stageOne}`)({
      lessons: demonstrate.as(`demonstrate:${config.arm.stageOne}`)({ rows: before.labelled, spec: before.spec }, {
        scope: config.scope,
        style: config.arm.stageOne === "starLike" ? "citing" : "plain",
        target: config.arm.imitationTarget
      })
    })

const names = {
  none: "",
  verify: "",
  starLike: "The STAR-1-like baseline",
  safeChainLike: "The SafeChain-like baseline",
  thinkSafeLike: "The ThinkSafe-like baseline"
}

const noCounts = gatherTables(MixCount, [])
const noRewards = gatherTables(RewardStep, []).as("noRewards") // apart from the one that gathers all arms

/** The policy after stage 1, and what the step found out about itself. */
const stageOne = (config: ArmConfig, base: Policy<never>, before: Prepared, data: Examples | undefined) => {
  const { stageOne } = config.arm
  if (stageOne === "none" || data === undefined) return { tuned: base, findings: undefined }
  if (stageOne === "verify") {
    const tuned = verifySft({ base, examples: data.examples, spec: before.spec }, {
      settings: config.sft,
      template: verificationTemplate(config),
      seed: config.seeds.train
    })
    return { tuned, findings: trainingFindings({ policy: tuned }) }
  }
  const demonstrations = demonstrationsOf(config, before, data)
  return {
    tuned: imitateSft.as(`imitateSft:${stageOne}`)({ base, demonstrations }, {
      settings: config.sft,
      seed: config.seeds.train
    }),
    findings: demonstrationFindings.as(`imitated:${stageOne}`)({ demonstrations, prompts: before.labelled }, {
      name: names[stageOne]
    })
  }
}

export const arm = Pipeline.make({
  name: "arm",
  settings,
  build: (asked: ArmConfig, printed: ReadonlyArray<PrintedSetting>) => {
    const config = { ...scaled(asked), arm: asked.arm }
    const base = checkpointSource(config.base)
    const before = prepare(config)
    const data = config.arm.stageOne === "none"
      ? undefined
      : verificationExamples(config, experienced(config, base, before), before)
    const { findings, tuned } = stageOne(config, base, before, data as Examples | undefined)
    const policy = config.arm.stageTwo ? reinforce(config, tuned, before) : tuned
    const measured = evaluate("arm", config, policy, before.spec)
    return {
      scores: measured.scores,
      judgements: measured.judgements,
      passAt: measured.passAt,
      agreement: judgedTwice("arm", config, measured, before.spec),
      counts: data?.counts ?? noCounts({}),
      leaks: before.leaks,
      lineage: data?.lineage ?? before.leaks,
      found: findings ?? before.leaks,
      stageTwo: stageTwoOutcome({ policy }),
      rewards: config.arm.stageTwo ? rewardSteps({ policy }, { arm: "arm" }) : noRewards({}),
      settings: settingsOf(printed)
    }
  }
})
