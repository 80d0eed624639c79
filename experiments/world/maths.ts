/**
 * The sums of the synthetic world, which only show whether training costs ability: three one-digit terms, written as a
 * question, a worked trace and a number.
 */

/** `terms[0] + terms[1] + terms[2]`, each term from 0 to 9. */
export interface Sum {
  readonly terms: readonly [number, number, number]
}

/** All 1,000 sums, in order. */
export const sums: ReadonlyArray<Sum> = Array.from({ length: 1000 }, (_, i) => ({
  terms: [Math.floor(i / 100), Math.floor(i / 10) % 10, i % 10]
}))

/** Whether a sum is kept for evaluation. For any first two terms five third terms are, so exactly half of all sums. */
export const keptForEvaluation = ({ terms: [a, b, c] }: Sum): boolean => (a + 3 * b + 7 * c) % 10 < 5

/** The largest result, three nines. */
export const largestResult = 27

export const result = ({ terms: [a, b, c] }: Sum): number => a + b + c

/** The user turn, for example `4 + 7 + 2 =`. */
export const question = ({ terms: [a, b, c] }: Sum): string => `${a} + ${b} + ${c} =`

/** The reasoning that leads to the result, for example `4 + 7 is 11 ; 11 + 2 is 13 ;`. */
export const workedTrace = ({ terms: [a, b, c] }: Sum): string =>
  `${a} + ${b} is ${a + b} ; ${a + b} + ${c} is ${a + b + c} ;`

/** The sum that a text asks for; null where it asks for none. */
export const parseSum = (text: string): Sum | null => {
  const found = /^(\d) \+ (\d) \+ (\d) =$/.exec(text)
  return found === null ? null : { terms: [Number(found[1]), Number(found[2]), Number(found[3])] }
}
