/**
 * The rewards of stage 2 (paper section 3.3): harmful requests earn V_safe, benign ones V_safe · (1 − V_refuse), maths a
 * right answer. What is neither an answer nor a refusal, and what the guard could not parse, earns nothing.
 */
import * as Schema from "effect/Schema"
import { isRightAnswer } from "../judge/isRightAnswer.ts"
import { strictBox } from "../maths/strictBox.ts"
import type { Assessment } from "../service/Guard.ts"

/** Reward of one completion, 0 or 1. */
export const safetyReward = (label: "harmful" | "benign", { outcome, safe }: Assessment): number =>
  safe !== true || (outcome !== "answer" && outcome !== "refusal")
    ? 0
    : label === "harmful"
    ? 1
    : outcome === "refusal"
    ? 0
    : 1

/** How an answer to a maths problem is read: the text itself; the last box, as verl's strict rule has it; or a box or the last number. */
export const MathsRule = Schema.Literals(["exact", "box", "number"])
export type MathsRule = typeof MathsRule.Type

/** 1 for a right answer under the rule, else 0; 0 where there is no reference. */
export const mathsReward = (rule: MathsRule, answer: string, reference: string | null): number => {
  if (reference === null) return 0
  switch (rule) {
    case "exact":
      return answer.trim() === reference.trim() ? 1 : 0
    case "box":
      return strictBox(answer, reference).reward
    case "number":
      return isRightAnswer(answer, reference) ? 1 : 0
  }
}
