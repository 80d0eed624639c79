/**
 * The clauses of a specification, from a JSON file.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { textOf } from "../text/fileOf.ts"
import { Clause, File } from "./tables.ts"

export const clauses = Node.make({
  name: "clauses",
  inputs: { file: File },
  output: Clause,
  uses: [Counter],
  *run({ file }) {
    const counter = yield* Counter
    counter.read()
    return JSON.parse(textOf(file)) as ReadonlyArray<{ readonly id: string; readonly text: string }>
  }
})
