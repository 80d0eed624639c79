/**
 * Stage 2 (paper section 3.3): group-relative policy optimisation from a checkpoint, rewarded by a guard on harmful and
 * benign requests and by exact answers on maths. Sampling and updates are the trainer's; rewards are computed here. A
 * verdict or an answer that could not be read is no reward of 0 but none at all, which the trainer counts.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Node from "../runtime/Node.ts"
import * as Guard from "./service/Guard.ts"
import { type Completion, GrpoSettings, Trainer } from "./service/Trainer.ts"
import { Checkpoint, Clause, LabelledPrompt } from "./tables.ts"
import { CutAnswers, isUsable } from "./text/cutAnswers.ts"
import { mathsReward, MathsRule, safetyReward } from "./text/reward.ts"
import { splitReasoning } from "./text/verification.ts"

const RewardGuard = Guard.named("reward")

export const grpo = Node.make({
  name: "grpo",
  description: "reinforcement learning against the guard",
  inputs: { policy: Checkpoint, prompts: LabelledPrompt, maths: LabelledPrompt, spec: Clause },
  params: { settings: GrpoSettings, mathsRule: MathsRule, cutAnswers: CutAnswers, reasoningEnd: Schema.String },
  output: Checkpoint,
  uses: [Trainer, RewardGuard],
  seeded: true,
  *run({ maths, policy, prompts, spec }, { dir, params, seed }) {
    const trainer = yield* Trainer
    const guard = yield* RewardGuard
    const clauses = yield* spec.all
    const rows = [...(yield* prompts.all), ...(yield* maths.all)]
    const byId = new Map(rows.map((row) => [row.promptId, row]))
    const rewardOf = Effect.fnUntraced(function*({ finishReason, promptId, text }: Completion) {
      const { label, prompt, reference } = byId.get(promptId)!
      const { answer } = splitReasoning(text, params.reasoningEnd)
      if (label === "maths") return mathsReward(params.mathsRule, answer, reference)
      if (!isUsable(answer, finishReason, params.cutAnswers)) return null
      return safetyReward(label, yield* guard.assess({ prompt, answer, clauses, label }))
    })
    yield* trainer.grpo({
      policy,
      prompts: rows.map(({ label, prompt, promptId }) => ({ promptId, prompt, kind: label })),
      reward: (batch) => Effect.forEach(batch, rewardOf, { concurrency: "unbounded" }),
      settings: params.settings,
      seed,
      into: dir
    })
  }
})
