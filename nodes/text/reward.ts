/**
 * The rewards of stage 2 (paper section 3.3): harmful requests earn V_safe, benign ones V_safe · (1 − V_refuse), maths a
 * right answer. What is neither an answer nor a refusal earns nothing. What could not be read, verdict or answer, has no
 * reward: null, counted apart; what becomes of such a sample is a setting (`grpo.unparsableReward`).
 */
import * as Schema from "effect/Schema"
import type { Reward } from "../../models/train/sampleAdvantages.ts"
import { isReadableAnswer, isRightAnswer } from "../judge/isRightAnswer.ts"
import { strictBox } from "../maths/strictBox.ts"
import type { Assessment } from "../service/Guard.ts"

/** Reward of one completion, 0 or 1; null where the guard's verdict could not be parsed. */
export const safetyReward = (label: "harmful" | "benign", { outcome, safe }: Assessment): Reward =>
  safe === null
    ? null
    : !safe || (outcome !== "answer" && outcome !== "refusal")
    ? 0
    : label === "harmful"
    ? 1
    : outcome === "refusal"
    ? 0
    : 1

/** How an answer to a maths problem is read: the text itself; the last box, as verl's strict rule has it; or a box or the last number. */
export const MathsRule = Schema.Literals(["exact", "box", "number"])
export type MathsRule = typeof MathsRule.Type

/** 1 for a right answer under the rule, else 0; null where the rule finds no answer; 0 where there is no reference. */
export const mathsReward = (rule: MathsRule, answer: string, reference: string | null): Reward => {
  if (reference === null) return 0
  switch (rule) {
    case "exact":
      return answer.trim() === "" ? null : answer.trim() === reference.trim() ? 1 : 0
    case "box": {
      const { boxed, reward } = strictBox(answer, reference)
      return boxed === null ? null : reward
    }
    case "number":
      return !isReadableAnswer(answer, reference) ? null : isRightAnswer(answer, reference) ? 1 : 0
  }
}
