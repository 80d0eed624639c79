/**
 * A node that reads the run's parameter: the whole of layer 7.
 */
import * as Schema from "effect/Schema"
import * as Node from "../../../../runtime/Node.ts"
import { Counter } from "../services/Counter.ts"
import { combine } from "../text/combine.ts"
import { Number } from "./tables.ts"

export const scaled = Node.make({
  name: "scaled",
  inputs: { a: Number, b: Number },
  params: { alpha: Schema.Int },
  output: Number,
  uses: [Counter],
  *run({ a, b }, { params }) {
    const counter = yield* Counter
    counter.executed()
    return combine(a, b, params.alpha)
  }
})
