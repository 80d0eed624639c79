/**
 * Sixteen arms of a chain of eight nodes, of which the last two read the parameter that differs.
 */
import * as Schema from "effect/Schema"
import { ours, type Resolved } from "../../../runtime/Config.ts"
import * as Experiment from "../../../runtime/Experiment.ts"
import * as Pipeline from "../../../runtime/Pipeline.ts"
import type { Ref } from "../../../runtime/Ref.ts"
import * as Source from "../../../runtime/Source.ts"
import { inner } from "./nodes/inner.ts"
import { leaf } from "./nodes/leaf.ts"
import { scaled } from "./nodes/scaled.ts"
import type { Counter } from "./services/Counter.ts"
import { counterLayer } from "./services/counterLayer.ts"

const settings = { alpha: ours(Schema.Int, 1, "what the last two nodes add") }

const chain = Pipeline.make({
  name: "chain",
  settings,
  build: ({ alpha }: Resolved<typeof settings>) => {
    const first = leaf.as("c0")({ file: Source.file("sources/0.txt") })
    let last: Ref<number, Counter> = first
    for (let at = 1; at < 6; at++) last = inner.as(`c${at}`)({ a: last, b: first })
    const seventh = scaled.as("c6")({ a: last, b: first }, { alpha })
    return { c7: scaled.as("c7")({ a: seventh, b: last }, { alpha }) }
  }
})

export default Experiment.sweep({
  pipeline: chain,
  axes: { alpha: Array.from({ length: 16 }, (_, arm) => arm + 1) },
  config: ({ alpha }) => ({ alpha }),
  layers: () => counterLayer
})
