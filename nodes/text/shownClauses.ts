/**
 * Which clauses a row is shown. `full`: the paper's whole specification; `routed`: the clauses of the categories the row
 * touches, and those that name no category. Under `routed` an edited clause reruns only rows that were shown it or now are.
 */
import * as Schema from "effect/Schema"
import type { ClauseRow } from "../service/Expert.ts"

export const Scope = Schema.Literals(["routed", "full"])
export type Scope = typeof Scope.Type

export const shownClauses = (
  clauses: ReadonlyArray<ClauseRow>,
  categories: ReadonlyArray<string>,
  scope: Scope
): ReadonlyArray<ClauseRow> =>
  scope === "full"
    ? clauses
    : clauses.filter((clause) =>
      clause.categories.length === 0 || clause.categories.some((each) => categories.includes(each))
    )
