/**
 * The rows of a file of JSON lines. A table node: it reads all of its input again when the file changes.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { rowsOf } from "../text/fileOf.ts"
import { File, Line } from "./tables.ts"

export const lines = Node.make({
  name: "lines",
  inputs: { file: File },
  output: Line,
  uses: [Counter],
  *run({ file }) {
    const counter = yield* Counter
    counter.read()
    return rowsOf<{ readonly id: string; readonly text: string }>(file)
  }
})
