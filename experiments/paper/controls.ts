/**
 * Negative controls: if wrong verdicts, or critiques of other rows, did as well, the effect would not come from learning to
 * verify. Always read attack success with over-refusal here.
 */
import { arm } from "../../pipelines/arm.ts"
import { study } from "../../pipelines/study.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import { caveats, judges, layers, seeds, withNumbers } from "./scale.ts"

const table = study(
  {
    base: { title: "base", config: { arm: { stageOne: "none" } } },
    right: { title: "right verdicts", config: {} },
    shuffled: { title: "shuffled", config: { controls: { shuffleVerdicts: true } } },
    flipped: { title: "flipped", config: { controls: { flipVerdicts: true } } },
    otherCritiques: { title: "critiques of other rows", config: { controls: { otherCritiques: true } } }
  },
  seeds,
  {
    title: "Negative controls",
    judges,
    notes: [
      ...caveats,
      "Shuffled and flipped verdicts come with critiques that would lead to them; critiques of other rows keep the right verdict."
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
