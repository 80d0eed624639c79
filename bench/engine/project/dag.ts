/**
 * Ten layers of nodes with two parents each: node (l, i) has the parents (l − 1, i) and (l − 1, i + 1).
 */
import * as Schema from "effect/Schema"
import { ours, type Resolved } from "../../../runtime/Config.ts"
import * as Experiment from "../../../runtime/Experiment.ts"
import * as Pipeline from "../../../runtime/Pipeline.ts"
import type { Ref } from "../../../runtime/Ref.ts"
import * as Source from "../../../runtime/Source.ts"
import { commented } from "./nodes/commented.ts"
import { corner } from "./nodes/corner.ts"
import { helped } from "./nodes/helped.ts"
import { inner } from "./nodes/inner.ts"
import { leaf } from "./nodes/leaf.ts"
import { scaled } from "./nodes/scaled.ts"
import type { Counter } from "./services/Counter.ts"
import { counterLayer } from "./services/counterLayer.ts"

type Node = Ref<number, Counter>

const settings = {
  width: ours(Schema.Int, 100, "nodes in a layer"),
  alpha: ours(Schema.Int, 1, "what layer 7 adds")
}

const special = new Map([["n5_0", helped], ["n9_0", corner], ["n9_1", commented]])

const dag = Pipeline.make({
  name: "dag",
  settings,
  build: ({ alpha, width }: Resolved<typeof settings>) => {
    let layer: ReadonlyArray<Node> = Array.from(
      { length: width },
      (_, i) => leaf.as(`n0_${i}`)({ file: Source.file(`sources/${i}.txt`) })
    )
    for (let l = 1; l < 10; l++) {
      layer = layer.map((a, i): Node => {
        const label = `n${l}_${i}`
        const parents = { a, b: layer[(i + 1) % width]! }
        return l === 7 ? scaled.as(label)(parents, { alpha }) : (special.get(label) ?? inner).as(label)(parents)
      })
    }
    return Object.fromEntries(layer.map((node) => [node.label, node]))
  }
})

export default Experiment.make({ pipeline: dag, config: {}, layers: () => counterLayer })
