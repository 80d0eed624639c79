/** Answers from a file with one JSON object on each line. A table node: it reads all of its input and makes all rows. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readJsonl } from "../../nodes/inputs/readJsonl.ts"
import { TextFile } from "../../nodes/tables.ts"
import { readOnlyFile } from "../../nodes/text/readOnlyFile.ts"
import * as Node from "../../runtime/Node.ts"
import { Answer } from "./tables.ts"

const decode = Schema.decodeUnknownEffect(Schema.Struct(Answer.columns))

export const loadAnswers = Node.make({
  name: "loadAnswers",
  inputs: { file: TextFile },
  output: Answer,
  *run({ file }) {
    const { name, text } = yield* readOnlyFile(file)
    const { records } = yield* readJsonl(name, text)
    return yield* Effect.forEach(records, ({ cells }) => decode(cells))
  }
})
