/**
 * Node (9, 0): it has a constant of its own.
 */
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { combine } from "../text/combine.ts"
import { Number } from "./tables.ts"

export const corner = Node.make({
  name: "corner",
  inputs: { a: Number, b: Number },
  output: Number,
  uses: [Counter],
  *run({ a, b }) {
    const counter = yield* Counter
    counter.executed()
    const constant = 1
    return combine(a, b, constant)
  }
})
