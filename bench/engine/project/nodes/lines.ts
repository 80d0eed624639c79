/**
 * The rows of a file of JSON lines. A table node: it reads all of its input again when the file changes.
 */
import * as JsonLines from "../../../../runtime/JsonLines.ts"
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { File, Line } from "./tables.ts"

export const lines = Node.make({
  name: "lines",
  inputs: { file: File },
  output: Line,
  uses: [Counter],
  *run({ file }) {
    const counter = yield* Counter
    counter.read()
    return JsonLines.read(file, Line)
  }
})
