/**
 * Node (5, 0): what it adds comes from a helper of a helper.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { combine } from "../text/combine.ts"
import { helperA } from "../text/helperA.ts"
import { Number } from "./tables.ts"

export const helped = Node.make({
  name: "helped",
  inputs: { a: Number, b: Number },
  output: Number,
  uses: [Counter],
  *run({ a, b }) {
    const counter = yield* Counter
    counter.executed()
    return combine(a, b, helperA())
  }
})
