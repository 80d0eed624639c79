/**
 * Finds what a misspelt name was probably meant to be: settings, nodes, files.
 */

/** Edits (insert, delete, replace) that turn `a` into `b`; upper and lower case are equal. */
const distance = (a: string, b: string): number => {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()]
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[to.length]!
}

/** The name of `known` that is nearest to `name`, if at most half of the letters differ. */
export const nearestName = (name: string, known: ReadonlyArray<string>): string | undefined =>
  known
    .map((other) => ({ other, edits: distance(name, other) }))
    .filter(({ edits, other }) => edits <= Math.max(name.length, other.length) / 2)
    .sort((a, b) => a.edits - b.edits)[0]?.other

/** The beginning of advice on a name that is not known; empty where none is near. */
export const didYouMean = (name: string, known: ReadonlyArray<string>): string => {
  const nearest = nearestName(name, known)
  return nearest === undefined ? "" : `did you mean ${nearest}? `
}
