/** Agreement of two judges beyond chance, for example the expert and the guard on one set of answers. */

export interface Agreement {
  /** Items that both judged. */
  readonly n: number
  /** Share of items on which they agree; null without items. */
  readonly observed: number | null
  /** The share expected if each judged at random with its own frequencies; null without items. */
  readonly expected: number | null
  /** 1: full agreement, 0: chance. null without items, or where both always gave one and the same label. */
  readonly kappa: number | null
}

/**
 * Cohen's kappa of two lists of labels, item by item. Unparsable verdicts are the caller's: leave them out and report
 * their number, or pass them as a label.
 *
 * **Fails**: `RangeError` for lists of different length.
 * **Source**: J. Cohen, Educ. Psychol. Meas. 20 (1960) 37-46.
 */
export const cohenKappa = (first: ReadonlyArray<string>, second: ReadonlyArray<string>): Agreement => {
  const n = first.length
  if (n !== second.length) throw new RangeError(`cohenKappa: ${n} labels against ${second.length}`)
  if (n === 0) return { n, observed: null, expected: null, kappa: null }
  const counts = new Map<string, { first: number; second: number }>()
  const count = (label: string) => {
    const known = counts.get(label) ?? { first: 0, second: 0 }
    counts.set(label, known)
    return known
  }
  let agreed = 0
  for (let i = 0; i < n; i++) {
    count(first[i]!).first++
    count(second[i]!).second++
    if (first[i] === second[i]) agreed++
  }
  let byChance = 0 // in units of 1/n^2, whole numbers
  for (const label of counts.values()) byChance += label.first * label.second
  const kappa = byChance === n * n ? null : (agreed * n - byChance) / (n * n - byChance)
  return { n, observed: agreed / n, expected: byChance / (n * n), kappa }
}
