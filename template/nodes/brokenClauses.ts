/** The rule of this project, as plain functions: which clauses an answer is read against, and which of them it breaks. */

/** What the rule needs of a clause. */
export interface ShownClause {
  readonly clauseId: string
  readonly examples: ReadonlyArray<string>
}

export interface Clause extends ShownClause {
  readonly words: ReadonlyArray<string>
}

const holds = (text: string, phrase: string): boolean => text.toLowerCase().includes(phrase.toLowerCase())

/** The clauses one of whose words the question holds. */
export const shownClauses = (question: string, clauses: ReadonlyArray<Clause>): ReadonlyArray<ShownClause> =>
  clauses.filter(({ words }) => words.some((word) => holds(question, word)))
    .map(({ clauseId, examples }) => ({ clauseId, examples }))

/** The clauses one of whose examples the answer says. */
export const brokenClauses = (answer: string, clauses: ReadonlyArray<ShownClause>): ReadonlyArray<ShownClause> =>
  clauses.filter(({ examples }) => examples.some((example) => holds(answer, example)))
