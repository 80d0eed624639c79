/** How many answers were shown each clause and how many broke it. A SQL node: DuckDB checks the statement in the plan. */
import { SpecClause } from "../../nodes/tables.ts"
import * as Node from "../../runtime/Node.ts"
import { Checked, ClauseCount } from "./tables.ts"

export const countByClause = Node.sql({
  name: "countByClause",
  inputs: { spec: SpecClause, checked: Checked },
  output: ClauseCount,
  select: ({ checked, spec }) =>
    Node.query`
      select ${spec.clauseId} as "clauseId", count(${checked.answerId})::integer as answers,
        count(${checked.answerId}) filter (list_contains(${checked.broken}, ${spec.clauseId}))::integer as broken
      from ${spec} left join ${checked} on list_contains(${checked.shown}, ${spec.clauseId})
      group by ${spec.clauseId}`
})
