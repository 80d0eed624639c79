/**
 * Finds texts that say nearly the same, so that sets are split by what they ask and not by how it is spelt. Two texts are
 * alike when they share enough word sequences; groups are the connected components.
 */
import { makeDisjointSets } from "./disjointSets.ts"

export interface Likeness {
  /** How a text is cut into words. */
  readonly words: (text: string) => ReadonlyArray<string>
  /** Length of the word sequences compared; texts with fewer words count as one sequence. */
  readonly length: number
  /** Share of distinct sequences that must be in both texts, 0 to 1. */
  readonly share: number
  /** What `share` is a share of: the shorter text's sequences (finds quotations), or those of both (finds rewordings). */
  readonly of: "shorter" | "both"
}

const sequences = (text: string, { length, words }: Likeness): ReadonlySet<string> => {
  const all = words(text)
  if (all.length <= length) return new Set(all.length === 0 ? [] : [all.join(" ")])
  return new Set(Array.from({ length: all.length - length + 1 }, (_, i) => all.slice(i, i + length).join(" ")))
}

/** For each text the index of the first text of its group, (texts) -> same length. */
export const nearDuplicateGroups = (texts: ReadonlyArray<string>, likeness: Likeness): ReadonlyArray<number> => {
  const sets = makeDisjointSets(texts.length)
  const cut = texts.map((text) => sequences(text, likeness))
  const holders = new Map<string, Array<number>>()
  cut.forEach((own, i) => {
    const shared = new Map<number, number>()
    for (const sequence of own) {
      const earlier = holders.get(sequence)
      if (earlier === undefined) {
        holders.set(sequence, [i])
        continue
      }
      for (const other of earlier) shared.set(other, (shared.get(other) ?? 0) + 1)
      earlier.push(i)
    }
    for (const [other, count] of shared) {
      const [a, b] = [own.size, cut[other]!.size]
      const whole = likeness.of === "shorter" ? Math.min(a, b) : a + b - count
      if (count >= likeness.share * whole) sets.join(i, other)
    }
  })
  return texts.map((_, i) => sets.first(i))
}
