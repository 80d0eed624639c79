/**
 * Node (9, 1): an inner node with a comment.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { combine } from "../text/combine.ts"
import { Number } from "./tables.ts"

export const commented = Node.make({
  name: "commented",
  inputs: { a: Number, b: Number },
  output: Number,
  uses: [Counter],
  *run({ a, b }) {
    const counter = yield* Counter
    counter.executed()
    // a comment that may change
    return combine(a, b, 1)
  }
})
