/**
 * Which clauses a row is shown. `full`: the paper's whole specification; `routed`: the clauses of the categories the row
 * touches, those whose words its texts hold, and those that name neither. Every clause is offered to every row: under
 * `routed` a new or edited clause reruns the rows that were shown it or now are, and no others.
 */
import * as Schema from "effect/Schema"
import type { ClauseRow } from "../service/Expert.ts"
import type { SpecClauseRow } from "./parseSpec.ts"

export const Scope = Schema.Literals(["routed", "full"])
export type Scope = typeof Scope.Type

/** What of a row decides: the guard's categories, and the texts that a clause's words are looked for in. */
export interface Touching {
  readonly categories: ReadonlyArray<string>
  readonly texts: ReadonlyArray<string>
}

/** Whether a word or phrase stands in a text, as words and whatever its case. */
const holds = (text: string, phrase: string): boolean => {
  const escaped = phrase.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, "iu").test(text)
}

const touches = ({ categories, words }: SpecClauseRow, touching: Touching): boolean =>
  (categories.length === 0 && words.length === 0)
  || categories.some((each) => touching.categories.includes(each))
  || words.some((word) => touching.texts.some((text) => holds(text, word)))

/** A clause as it is shown: examples stand below its text, what only routes is left out. */
const asShown = ({ categories, clauseId, examples, text, title }: SpecClauseRow): ClauseRow => ({
  clauseId,
  title,
  categories,
  text: examples.length === 0 ? text : `${text}\n\nExamples:\n${examples.map((each) => `- ${each}`).join("\n")}`
})

export const shownClauses = (
  clauses: ReadonlyArray<SpecClauseRow>,
  touching: Touching,
  scope: Scope
): ReadonlyArray<ClauseRow> =>
  (scope === "full" ? clauses : clauses.filter((clause) => touches(clause, touching))).map(asShown)
