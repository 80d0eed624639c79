/**
 * Finds texts of one collection that stand in another, as they are or nearly so: exactly, by their letters and digits
 * (and signs, where the exact text is the unit: 7 - 2 is not 7 * 2); nearly, by candidates that share word pairs, each measured by `likeness.ts`. Pure; what a leak means is the nodes'.
 */
import { bareText } from "../inputs/promptDraft.ts"
import { likeness, makeVocabulary } from "./likeness.ts"

export interface Unit {
  readonly id: string
  readonly text: string
  /** `near`: rewordings and quotations count; `exact`: only the same text does, whatever its case and stops. */
  readonly compare: "near" | "exact"
}

export interface Leak {
  readonly id: string
  /** The unit of the other collection that is most alike. */
  readonly other: string
  readonly kind: "exact" | "near"
  /** Share of the shorter text's weight that stands in the longer, 1 where exact. */
  readonly likeness: number
}

/**
 * From this likeness on two texts are one unit. Chosen on public prompt sets (`docs/reproduction.md`): it finds 98.6 % and
 * more of copies with a fifth of their words edited, and calls at most 1 % of unrelated prompts alike.
 */
export const nearThreshold = 0.7

/** Texts of fewer words are compared exactly: they hold too little to be recognised by. */
const shortest = 4

/** Share of the word pairs of the shorter text that the longer must hold to be measured. */
const sharedPairs = 0.2

interface Read {
  readonly words: Uint32Array
  readonly pairs: ReadonlySet<number>
}

const pairsOf = (words: Uint32Array): ReadonlySet<number> => {
  const pairs = new Set<number>()
  // 2^26 words are more than any collection has, and two of them fit a double
  for (let i = 1; i < words.length; i++) pairs.add(words[i - 1]! * 2 ** 26 + words[i]!)
  return pairs
}

/** Which units hold each word pair. */
const holdersOf = (units: ReadonlyArray<Read | undefined>): ReadonlyMap<number, ReadonlyArray<number>> => {
  const holders = new Map<number, Array<number>>()
  units.forEach((unit, i) => {
    for (const pair of unit?.pairs ?? []) {
      const known = holders.get(pair)
      if (known === undefined) holders.set(pair, [i])
      else known.push(i)
    }
  })
  return holders
}

/** A text without case and stops, with its signs. */
const spelledText = (text: string): string => text.toLowerCase().replace(/[\s.,;:!?"'“”‘’…]+/gu, " ").trim()

/** Whether two texts with the same letters and digits are the same. */
const areSame = (one: Unit, other: Unit): boolean =>
  (one.compare === "near" && other.compare === "near") || spelledText(one.text) === spelledText(other.text)

/** How alike two read texts are: the shorter is looked for in the longer. */
const alike = (one: Read, other: Read, weights: Float64Array): number =>
  one.words.length <= other.words.length
    ? likeness(one.words, other.words, weights)
    : likeness(other.words, one.words, weights)

/**
 * Every pair of a unit of `asked` and one of `among` that are one unit, in the order of `asked`; a unit is no pair with
 * itself. Two units are compared nearly only where both say so.
 */
export const likePairs = (
  asked: ReadonlyArray<Unit>,
  among: ReadonlyArray<Unit>,
  threshold: number = nearThreshold
): ReadonlyArray<Leak> => {
  const same = Map.groupBy(among.entries(), ([, { text }]) => bareText(text))
  const vocabulary = makeVocabulary([...new Set([...asked, ...among].map(({ text }) => text))])
  const read = ({ compare, text }: Unit): Read | undefined => {
    if (compare === "exact") return undefined
    const words = vocabulary.read(text)
    return words.length < shortest ? undefined : { words, pairs: pairsOf(words) }
  }
  const others = among.map(read)
  const holders = holdersOf(others)
  return asked.flatMap((unit): ReadonlyArray<Leak> => {
    const alikeBare = same.get(bareText(unit.text)) ?? []
    const equal = new Set(alikeBare.filter(([, other]) => areSame(unit, other)).map(([i]) => i))
    const found = new Map<number, number>([...equal].map((i) => [i, 1]))
    const own = read(unit)
    const shared = new Map<number, number>()
    for (const pair of own?.pairs ?? []) {
      for (const i of holders.get(pair) ?? []) shared.set(i, (shared.get(i) ?? 0) + 1)
    }
    for (const [i, count] of shared) {
      const other = others[i]!
      if (equal.has(i) || count < sharedPairs * Math.min(own!.pairs.size, other.pairs.size)) continue
      const measured = alike(own!, other, vocabulary.weights)
      if (measured >= threshold) found.set(i, measured)
    }
    return [...found].filter(([i]) => among[i]!.id !== unit.id).map(([i, likeness]) => ({
      id: unit.id,
      other: among[i]!.id,
      kind: equal.has(i) ? "exact" : "near",
      likeness
    }))
  })
}

/** For each of `asked` that stands in `among`, its most alike unit there, in the order of `asked`. */
export const findLeaks = (
  asked: ReadonlyArray<Unit>,
  among: ReadonlyArray<Unit>,
  threshold: number = nearThreshold
): ReadonlyArray<Leak> =>
  Map.groupBy(likePairs(asked, among, threshold), ({ id }) => id).values().map((found) =>
    found.reduce((best, one) =>
      (one.kind === "exact" && best.kind !== "exact") || one.likeness > best.likeness ? one : best
    )
  ).toArray()
