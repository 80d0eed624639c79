/**
 * The strict reading of a mathematics answer: the last box, compared character by character. No normalisation: "1/2"
 * and "0.5" differ.
 */

export interface StrictBox {
  /** Whether the boxed answer is the reference. An answer without a readable box earns 0 too. */
  readonly reward: 0 | 1
  /** What the box holds; null: unparsable, that is no complete box at the end. Count it apart from wrong answers. */
  readonly boxed: string | null
}

/** Characters from the end within which the whole box must lie. */
const window = 100

const opening = "\\boxed{"

/**
 * Reads the last `\boxed{...}` that starts within the last 100 characters (code points) of `text` and compares it with
 * `reference`. If that last box is not closed, an earlier one does not count.
 *
 * **Unit**: 1 or 0, where the source gives +1 or -1; its "[INVALID]" is `boxed: null` here.
 * **Source**: verl, `verl/utils/reward_score/math_dapo.py`, `is_correct_strict_box`.
 */
export const strictBox = (text: string, reference: string): StrictBox => {
  // A code point takes at most two UTF-16 units.
  const end = Array.from(text.slice(-2 * window)).slice(-window).join("")
  const from = end.lastIndexOf(opening)
  if (from < 0) return { reward: 0, boxed: null }
  const start = from + opening.length
  let open = 1
  for (let i = start; i < end.length; i++) {
    if (end[i] === "{") open++
    else if (end[i] === "}" && --open === 0) {
      const boxed = end.slice(start, i)
      return { reward: boxed === reference ? 1 : 0, boxed }
    }
  }
  return { reward: 0, boxed: null }
}
