/** How well verdicts agree with known ones, with those that could not be read as a class of their own. */

export interface VerdictCounts {
  readonly n: number
  /** Verdicts that could not be read; they are in no cell below. */
  readonly unparsable: number
  readonly truePositives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly trueNegatives: number
}

export interface VerdictScores {
  /** Of all items; an unreadable verdict is not right. null without items. */
  readonly accuracy: number | null
  /** Of the readable verdicts `unsafe`, the right ones; null without one. */
  readonly precision: number | null
  /** Of the unsafe items, those found; an unreadable verdict finds nothing. null without an unsafe item. */
  readonly recall: number | null
  readonly f1: number | null
}

/**
 * Precision, recall and F1 of the class `unsafe`. `unsafeUnparsable` counts the unsafe items among the unreadable ones:
 * they count against recall, so that a model that says nothing has no good score.
 */
export const verificationF1 = (counts: VerdictCounts, unsafeUnparsable: number): VerdictScores => {
  const { falseNegatives, falsePositives, n, trueNegatives, truePositives } = counts
  const ratio = (part: number, whole: number) => whole === 0 ? null : part / whole
  const missed = falseNegatives + unsafeUnparsable
  return {
    accuracy: ratio(truePositives + trueNegatives, n),
    precision: ratio(truePositives, truePositives + falsePositives),
    recall: ratio(truePositives, truePositives + missed),
    f1: ratio(2 * truePositives, 2 * truePositives + falsePositives + missed)
  }
}
