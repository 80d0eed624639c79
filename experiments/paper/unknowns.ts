/**
 * What the paper does not say about its data, tried out: whose verdict sorts answers, which answer stands for its side,
 * whether the mix is balanced. How much it matters is how much the gap in the paper matters.
 */
import { arm } from "../../pipelines/arm.ts"
import { study } from "../../pipelines/study.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import { caveats, judges, layers, seeds, withNumbers } from "./scale.ts"

const table = study(
  {
    base: { title: "base", config: { arm: { stageOne: "none" } } },
    expert: { title: "as declared", config: {} },
    agree: { title: "expert and guard agree", config: { mix: { labelSource: "agree" } } },
    shortest: { title: "shortest answers", config: { mix: { pick: "shortest" } } },
    balanced: { title: "balanced verdicts", config: { mix: { balance: "verdicts" } } }
  },
  seeds,
  {
    title: "Unknowns of the data stage",
    judges,
    notes: [...caveats, "In the world expert and guard go by the same rules and agree wherever both say anything."]
  }
)

export default Experiment.sweep({
  pipeline: arm,
  axes: table.axes,
  config: ({ arm, seed }) => withNumbers(table.configOf(arm), seed),
  layers,
  collect: table.collect
})
