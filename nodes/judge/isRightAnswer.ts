/**
 * Whether an answer gives the one right answer, for measuring. Small models never box a number and rarely write it alone,
 * so a strict reading would show no ability to lose; rewards stay strict (`maths/strictBox.ts`).
 */
import { strictBox } from "../maths/strictBox.ts"

const number = /-?\d[\d,]*(?:\.\d+)?/g

/** A number without separators of thousands and trailing zeros; undefined for other text. */
const valueOf = (text: string): number | undefined =>
  /^-?\d[\d,]*(?:\.\d+)?$/.test(text) ? Number(text.replaceAll(",", "")) : undefined

/**
 * Reads an answer against its reference: a box at the end decides where there is one; else the last number, where the
 * reference is a number; else the whole text must be the reference.
 */
export const isRightAnswer = (answer: string, reference: string): boolean => {
  const { boxed, reward } = strictBox(answer, reference)
  if (boxed !== null) return reward === 1
  const right = valueOf(reference.trim())
  if (right === undefined) return answer.trim() === reference.trim()
  const last = answer.match(number)?.at(-1)
  return last !== undefined && valueOf(last.replace(/,+$/, "")) === right
}

/** Whether there is anything to compare: a box, else a number where the reference is one, else any text. */
export const isReadableAnswer = (answer: string, reference: string): boolean =>
  strictBox(answer, reference).boxed !== null
  || (valueOf(reference.trim()) === undefined ? answer.trim() !== "" : answer.search(number) >= 0)
