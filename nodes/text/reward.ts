/**
 * The rewards of stage 2 (paper section 3.3): harmful requests earn V_safe, benign ones V_safe · (1 − V_refuse), maths an
 * exactly right answer. What is neither an answer nor a refusal, and what the guard could not parse, earns nothing.
 */
import type { Assessment } from "../service/Guard.ts"

/** Reward of one completion, 0 or 1. */
export const safetyReward = (label: "harmful" | "benign", { outcome, safe }: Assessment): number =>
  safe !== true || (outcome !== "answer" && outcome !== "refusal") ? 0 : label === "harmful" ? 1 : outcome === "refusal" ? 0 : 1

/** Exact string equality with the reference, after trimming; 0 where there is none. */
export const mathsReward = (answer: string, reference: string | null): number =>
  reference !== null && answer.trim() === reference.trim() ? 1 : 0
