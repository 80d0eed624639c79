/**
 * The paper's Fig. 6, attack success by the share of expert-verified examples, as a table with all measures; the picture
 * with three seeds is `experiments/ablations/expertFraction.ts`, which shares every node with this file.
 */
import { arm } from "../../pipelines/arm.ts"
import { study } from "../../pipelines/study.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import { caveats, judges, layers, seeds, withNumbers } from "./scale.ts"

const figure = study(
  {
    base: { title: "base", config: { arm: { stageOne: "none" } } },
    ...Object.fromEntries(
      [0.05, 0.25, 0.5, 1].map((fraction) => [
        `fraction${100 * fraction}`,
        { title: `${100 * fraction} %`, config: { mix: { fraction } } }
      ])
    )
  },
  seeds,
  {
    title: "Share of expert-verified examples",
    judges,
    notes: [...caveats, "Fractions are nested: the examples of a smaller one are among those of a larger one."]
  }
)

export default Experiment.sweep({
  pipeline: arm,
  axes: figure.axes,
  config: ({ arm, seed }) => withNumbers(figure.configOf(arm), seed),
  layers,
  collect: figure.collect
})
