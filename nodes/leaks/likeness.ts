/**
 * How much of one text stands in another, rare words counting more than common ones: the measure by which a reworded or
 * embedded prompt is recognised. Which pairs are worth measuring is decided in `findLeaks.ts`.
 */

/** Words as numbers, with what each weighs. */
export interface Vocabulary {
  /** The words of a text, lower case, as indices. */
  readonly read: (text: string) => Uint32Array
  /** Weight of each word by index: the logarithm of how few texts hold it, above 0. */
  readonly weights: Float64Array
}

/** Letters, digits and apostrophes in lower case, whatever stands between them. */
const wordsOf = (text: string): ReadonlyArray<string> =>
  text.toLowerCase().replaceAll("’", "'").match(/[\p{L}\p{N}]+(?:'[\p{L}]+)?/gu) ?? []

/** The vocabulary of these texts; words that none of them holds weigh most. */
export const makeVocabulary = (texts: ReadonlyArray<string>): Vocabulary => {
  const known = new Map<string, number>()
  const holders: Array<number> = []
  for (const text of texts) {
    for (const word of new Set(wordsOf(text))) {
      const index = known.get(word) ?? known.size
      known.set(word, index)
      holders[index] = (holders[index] ?? 0) + 1
    }
  }
  return {
    read: (text) => Uint32Array.from(wordsOf(text), (word) => known.get(word) ?? known.size),
    // one more, for words outside
    weights: Float64Array.from([...holders, 0], (count) => Math.log1p((texts.length + 1) / (count + 1)))
  }
}

/** What a word between two found ones costs, as a share of its weight: a text may be stretched, not scattered. */
const stretch = 0.25

/**
 * The share of `part`'s weight that stands in `whole`, in order and close together, 0 to 1. Words left out or replaced
 * count with their weight, words pushed in between with a quarter of theirs; what surrounds the place is free.
 */
export const likeness = (part: Uint32Array, whole: Uint32Array, weights: Float64Array): number => {
  let all = 0
  for (const word of part) all += weights[word]!
  if (all === 0) return 0
  let above = new Float64Array(whole.length + 1) // starting anywhere is free
  let here = new Float64Array(whole.length + 1)
  for (const word of part) {
    const weight = weights[word]!
    here[0] = above[0]! + weight
    for (let j = 1; j <= whole.length; j++) {
      const other = whole[j - 1]!
      const kept = above[j - 1]! + (word === other ? 0 : weight)
      const lost = above[j]! + weight
      const between = here[j - 1]! + stretch * weights[other]!
      here[j] = Math.min(kept, lost, between)
    }
    ;[above, here] = [here, above]
  }
  let cost = above[0]!
  for (const end of above) if (end < cost) cost = end
  return Math.max(0, 1 - cost / all)
}
