/**
 * A node of layer 0: the integer in a file, whatever white space is around it.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { textOf } from "../text/fileOf.ts"
import { File, Number as Integer } from "./tables.ts"

export const leaf = Node.make({
  name: "leaf",
  inputs: { file: File },
  output: Integer,
  uses: [Counter],
  *run({ file }) {
    const counter = yield* Counter
    counter.executed()
    return Number(textOf(file).trim())
  }
})
