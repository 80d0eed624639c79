/**
 * An ordinary inner node.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { combine } from "../text/combine.ts"
import { Number } from "./tables.ts"

export const inner = Node.make({
  name: "inner",
  inputs: { a: Number, b: Number },
  output: Number,
  uses: [Counter],
  *run({ a, b }) {
    const counter = yield* Counter
    counter.executed()
    return combine(a, b, 1)
  }
})
