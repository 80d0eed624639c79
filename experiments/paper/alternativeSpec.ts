/**
 * The paper's other specification (its Fig. 10 swaps its own bullets for the S1 to S14 hazards): the same rules in another
 * form, order and numbering.
 */
import { arm } from "../../pipelines/arm.ts"
import { study } from "../../pipelines/study.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import { atPaperScale, caveats, judges, layers, seeds, withNumbers } from "./scale.ts"

const other = atPaperScale ? "specs/bullets.md" : "specs/worldList.md"

const table = study(
  {
    base: { title: "base", config: { arm: { stageOne: "none" } } },
    own: { title: "own specification", config: {} },
    ownFull: { title: "own, shown whole", config: { scope: "full" } },
    other: { title: "the other one", config: { spec: other } }
  },
  seeds,
  {
    title: "Alternative specification",
    judges,
    notes: [
      ...caveats,
      "In the world both say the same of the same groups of facts; only form, order and numbers differ. Routed and whole specification differ in what the expert is shown, not in its verdicts."
    ]
  }
)

export default Experiment.sweep({
  pipeline: arm,
  axes: table.axes,
  config: ({ arm, seed }) => withNumbers(table.configOf(arm), seed),
  layers,
  collect: table.collect
})
