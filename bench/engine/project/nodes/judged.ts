/**
 * The row node that is shown one clause of the specification: the one that its row mentions.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { crc32 } from "../text/crc32.ts"
import { Checked, Clause, Line } from "./tables.ts"

export const judged = Node.mapRows({
  name: "judged",
  input: Line,
  side: { clauses: Clause },
  output: Checked,
  carry: ["id"],
  uses: [Counter],
  given: ({ text }, { clauses }) => {
    const mentioned = /C\d\d/.exec(text)?.[0]
    return clauses.find(({ id }) => id === mentioned)?.text ?? ""
  },
  *run({ text }, { given }) {
    const counter = yield* Counter
    counter.executed()
    return { check: crc32(text + given, 0) }
  }
})
