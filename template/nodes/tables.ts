/** The tables that the nodes of this project exchange. `id` names the columns that tell rows apart. */
import * as Schema from "effect/Schema"
import * as Type from "../../runtime/Type.ts"

const answerColumns = { answerId: Schema.String, question: Schema.String, answer: Schema.String }

export const Answer = Type.table("answer", answerColumns, { id: ["answerId"] })

export const Checked = Type.table("checked", {
  ...answerColumns,
  shown: Schema.Array(Schema.String), // ids of the clauses the answer was read against
  broken: Schema.Array(Schema.String) // those of them that it breaks
}, { id: ["answerId"] })

export const ClauseCount = Type.table("clauseCount", {
  clauseId: Schema.String,
  answers: Schema.Int, // that were shown the clause
  broken: Schema.Int // of these
}, { id: ["clauseId"] })
