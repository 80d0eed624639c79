/**
 * Whether stage 2 trained at all: a trainer that found too few groups with different rewards keeps the policy and says
 * so in the checkpoint. The report prints it, so that an unchanged row is never taken for a result.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { notTrainedFile } from "./service/Trainer.ts"
import { Checkpoint, Findings } from "./tables.ts"
import { readArtifactFile } from "./text/readOnlyFile.ts"

const NotTrained = Schema.Struct({ mixed: Schema.Int, groups: Schema.Int, required: Schema.Finite })

export const stageTwoOutcome = Node.make({
  name: "stageTwoOutcome",
  description: "whether stage 2 could start",
  inputs: { policy: Checkpoint },
  output: Findings,
  *run({ policy }) {
    const text = yield* readArtifactFile(policy, notTrainedFile)
    if (text === undefined) return []
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
