/**
 * Fine-tunes on answers: the baselines' stage 1, with the settings of verification training, so that only what is learnt
 * differs. The prompt is the user's turn alone, as it is asked at evaluation without a system turn.
 */
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import { SftSettings, Trainer } from "./service/Trainer.ts"
import { Checkpoint, Demonstration } from "./tables.ts"

/** There is no answer to imitate. */
export class NothingToImitate extends Schema.TaggedError<NothingToImitate>()("NothingToImitate", {
  what: Schema.String
}) {
  override get message() {
    return `${this.what}: no answer fits its prompt, so there is nothing to imitate; look at \`lessons\` or \`ownDemonstrations\`, `
      + "and draw more answers or ask another teacher"
  }
}

export const imitateSft = Node.make({
  name: "imitateSft",
  description: "fine-tuning on answers",
  inputs: { base: Checkpoint, demonstrations: Demonstration },
  params: { settings: SftSettings },
  output: Checkpoint,
  uses: [Trainer],
  seeded: true,
  *run({ base, demonstrations }, { dir, params, seed }) {
    const rows = yield* demonstrations.all
    if (rows.length === 0) return yield* new NothingToImitate({ what: "imitation" })
    const trainer = yield* Trainer
    yield* trainer.sft({
      base,
      examples: rows.map(({ prompt, promptId, target }) => ({ exampleId: promptId, prompt, target })),
      settings: params.settings,
      seed,
      into: dir
    })
  }
})
