/**
 * What stage 2 earned, step by step and kind by kind: rewards, groups that could teach something, and samples whose
 * verdict or answer could not be read, which are a state of their own. Read from the trainer's log; the report prints it.
 */
import * as Schema from "effect/Schema"
import { isMixed } from "../models/train/sampleAdvantages.ts"
import * as Node from "../runtime/Node.ts"
import * as Type from "../runtime/Type.ts"
import type { Row } from "../runtime/Type.ts"
import { trainingFile } from "./service/Trainer.ts"
import { Checkpoint } from "./tables.ts"
import { readArtifactFile } from "./text/readOnlyFile.ts"
import { type GrpoLog, readTrainingLog, unparsableRuleOf } from "./trainingLog.ts"

/** The samples of one kind of prompt in one step. */
export const RewardStep = Type.table("rewardStep", {
  arm: Schema.String,
  step: Schema.Int, // from 1
  kind: Schema.String, // harmful, benign or maths; empty where the trainer did not note it
  groups: Schema.Int,
  mixedGroups: Schema.Int, // of samples with different rewards
  samples: Schema.Int,
  unparsable: Schema.Int, // samples without a reward
  rewardSum: Schema.Finite // of those with one
}, { id: ["arm", "step", "kind"] })

type RewardRow = Row<typeof RewardStep.columns>

const rowsOf = (arm: string, log: GrpoLog): ReadonlyArray<RewardRow> =>
  log.history.flatMap(({ prompts }, i) =>
    [...Map.groupBy(prompts, ({ kind = "" }) => kind)].map(([kind, own]): RewardRow => {
      const rewards = own.flatMap((group) => group.rewards)
      const readable = rewards.filter((reward) => reward !== null)
      return {
        arm,
        step: i + 1,
        kind,
        groups: own.length,
        mixedGroups: own.filter((group) => isMixed(group.rewards, unparsableRuleOf(log))).length,
        samples: rewards.length,
        unparsable: rewards.length - readable.length,
        rewardSum: readable.reduce((sum, reward) => sum + reward, 0)
      }
    })
  )

export const rewardSteps = Node.make({
  name: "rewardSteps",
  description: "what stage 2 earned in every step, and what could not be read",
  inputs: { policy: Checkpoint },
  params: { arm: Schema.String },
  output: RewardStep,
  *run({ policy }, { params: { arm } }) {
    const text = yield* readArtifactFile(policy, trainingFile)
    const log = text === undefined ? undefined : readTrainingLog(text)
    return log?.method === "grpo" ? rowsOf(arm, log) : [] // a trainer that keeps no log, or no reinforcement
  }
})
