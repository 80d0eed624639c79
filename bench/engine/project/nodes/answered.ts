/**
 * The row node whose calls fail now and then. It needs its id: the server's mood depends on it.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Answers } from "../services/Answers.ts"
import { Checked, Line } from "./tables.ts"

export const answered = Node.mapRows({
  name: "answered",
  input: Line,
  output: Checked,
  uses: [Answers],
  retry: { firstSeconds: 0.05 },
  *run({ id, text }) {
    const answers = yield* Answers
    return { id, check: yield* answers.answer(id, text) }
  }
})
