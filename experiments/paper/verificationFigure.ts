/**
 * The paper's figures on the ability to verify (accuracy, recall and precision of unsafe verdicts, unreadable ones apart),
 * before and after safety training of several kinds, and on checking one's own answers unasked.
 */
import { arm } from "../../pipelines/arm.ts"
import { study } from "../../pipelines/study.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import { caveats, judges, layers, seeds, withNumbers } from "./scale.ts"

const figure = study(
  {
    base: { title: "base", config: { arm: { stageOne: "none" } } },
    baseGrpo: { title: "base + GRPO", config: { arm: { stageOne: "none", stageTwo: true } } },
    starLike: { title: "STAR-1-like", config: { arm: { stageOne: "starLike" } } },
    verify: { title: "verify-SFT", config: { arm: { stageOne: "verify" } } },
    verifyGrpo: { title: "verify-SFT + GRPO", config: { arm: { stageOne: "verify", stageTwo: true } } }
  },
  seeds,
  {
    title: "Verification: asked for, and unasked in the reasoning",
    judges,
    notes: [
      ...caveats,
      "Recall: of the unsafe answers, those recognised; precision: of the verdicts `unsafe`, those right. A verdict that cannot be read recognises nothing and is counted under `unparsable`."
    ]
  }
)

export default Experiment.sweep({
  pipeline: arm,
  axes: figure.axes,
  config: ({ arm, seed }) => withNumbers(figure.configOf(arm), seed),
  layers,
  collect: figure.collect
})
