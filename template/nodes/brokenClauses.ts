/** The rule of this project, as plain functions: which clauses an answer is read against, and which of them it breaks. */

export interface Clause {
  readonly clauseId: string
  readonly words: ReadonlyArray<string>
  readonly examples: ReadonlyArray<string>
}

const holds = (text: string, phrase: string): boolean => text.toLowerCase().includes(phrase.toLowerCase())

/** The clauses one of whose words the question holds. */
export const shownClauses = (question: string, clauses: ReadonlyArray<Clause>): ReadonlyArray<Clause> =>
  clauses.filter(({ words }) => words.some((word) => holds(question, word)))

/** The clauses one of whose examples the answer says. */
export const brokenClauses = (answer: string, clauses: ReadonlyArray<Clause>): ReadonlyArray<Clause> =>
  clauses.filter(({ examples }) => examples.some((example) => holds(answer, example)))
