/**
 * Easy sums of our own, which show whether training costs ability even where word problems are out of a model's reach. The
 * sums to train on and those for evaluation share none.
 */
import type { PromptDraft } from "./promptDraft.ts"
import { shortHash } from "./promptDraft.ts"

interface Sum {
  readonly text: string
  readonly result: number
}

const range = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

const grid = (from: number, to: number, make: (a: number, b: number) => Sum): ReadonlyArray<Sum> =>
  range(from, to).flatMap((a) => range(from, to).map((b) => make(a, b)))

/** 400 additions, 210 subtractions that do not fall below zero, 64 multiplications. */
const sums: ReadonlyArray<Sum> = [
  ...grid(1, 20, (a, b) => ({ text: `${a} + ${b}`, result: a + b })),
  ...grid(1, 20, (a, b) => ({ text: `${a} - ${b}`, result: a - b })).filter(({ result }) => result >= 0),
  ...grid(2, 9, (a, b) => ({ text: `${a} * ${b}`, result: a * b }))
]

/** About half of the sums, decided by each sum alone. */
const forEvaluation = ({ text }: Sum): boolean => Number.parseInt(shortHash("arithmetic", text)[0]!, 16) % 2 === 0

/** The sums of one side, (sums) of 674 in all. A sum is a topic of its own: one stands or falls without the others. */
export const arithmetic = (side: "train" | "evaluation"): ReadonlyArray<PromptDraft> =>
  sums.filter((sum) => forEvaluation(sum) === (side === "evaluation")).map(({ result, text }): PromptDraft => ({
    prompt: `What is ${text}? Answer with the number only.`,
    label: "maths",
    source: "generated sums",
    topic: text,
    family: "vanilla",
    reference: String(result)
  }))
