/** Which rows an edit of the specification concerns: those that are shown another text than before, in either scope. */
import type { SpecClauseRow } from "../text/parseSpec.ts"
import { type Scope, shownClauses, type Touching } from "../text/shownClauses.ts"

/**
 * Indices of the rows whose critique an edit makes again: what they are shown differs. It is the same comparison that
 * decides keys, so it counts exactly, before anything runs.
 */
export const affectedRows = (
  before: ReadonlyArray<SpecClauseRow>,
  after: ReadonlyArray<SpecClauseRow>,
  rows: ReadonlyArray<Touching>,
  scope: Scope
): ReadonlyArray<number> =>
  rows.flatMap((row, i) => {
    const shown = (clauses: ReadonlyArray<SpecClauseRow>) => JSON.stringify(shownClauses(clauses, row, scope))
    return shown(before) === shown(after) ? [] : [i]
  })
