/**
 * Whether stage 2 trained at all, and on what it could read: a trainer that found too few groups with different rewards
 * keeps the policy and says so in the checkpoint, and many unparsable rewards mean that it learnt to be read. The report
 * prints both, so that an unchanged row, or one taught by noise, is never taken for a result.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { notTrainedFile, trainingFile } from "./service/Trainer.ts"
import { Checkpoint, Findings } from "./tables.ts"
import { readArtifactFile } from "./text/readOnlyFile.ts"
import { type GrpoLog, readTrainingLog, unparsableRuleOf } from "./trainingLog.ts"

/** Share of unparsable rewards from which the report says so among its notes. */
const notable = 0.05

const unparsableFindings = (log: GrpoLog): ReadonlyArray<string> => {
  const rewards = log.history.flatMap(({ prompts }) => prompts.flatMap((prompt) => prompt.rewards))
  const unparsable = rewards.filter((reward) => reward === null).length
  if (rewards.length === 0 || unparsable / rewards.length < notable) return []
  const fate = unparsableRuleOf(log) === "zero" ? "counted as 0" : "were left out of their groups"
  return [
    `Stage 2 could not read ${unparsable} of ${rewards.length} rewards (${
      (100 * unparsable / rewards.length).toFixed(1)
    } %); they ${fate}. Look at answers that are cut, at maths answers the rule cannot read, and at the guard's output.`
  ]
}

const NotTrained = Schema.Struct({ mixed: Schema.Int, groups: Schema.Int, required: Schema.Finite })

export const stageTwoOutcome = Node.make({
  name: "stageTwoOutcome",
  description: "whether stage 2 could start, and read its rewards",
  inputs: { policy: Checkpoint },
  output: Findings,
  *run({ policy }) {
    const text = yield* readArtifactFile(policy, notTrainedFile)
    if (text === undefined) {
      const trained = yield* readArtifactFile(policy, trainingFile)
      const log = trained === undefined ? undefined : readTrainingLog(trained)
      return log?.method === "grpo" ? unparsableFindings(log) : []
    }
    const { groups, mixed, required } = Schema.decodeUnknownSync(NotTrained)(JSON.parse(text))
    return [
      `Stage 2 did not start: ${mixed} of ${groups} groups in its first batch had samples of different reward, a share of ` +
      `${
        (mixed / groups).toFixed(2)
      } where ${required} is asked for. Its column repeats the policy of stage 1. Groups mix more with a higher grpo.temperature, more ` +
      "samples a prompt, other prompts, or a start that sometimes refuses."
    ]
  }
})
