/**
 * The paper's ablations of what is learnt and from whose answers: critique and verdict, verdict alone, critique alone, and
 * verification of another policy's answers instead of one's own.
 */
import { arm } from "../../pipelines/arm.ts"
import { study } from "../../pipelines/study.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import { atPaperScale, caveats, judges, layers, seeds, withNumbers } from "./scale.ts"

/** Another policy to learn from: a sister model in the paper, the base after stage 2 in the world. */
const other = atPaperScale
  ? "hf:deepseek-ai/DeepSeek-R1-Distill-Llama-8B@6a6f4aa4197940add57724a7707d069478df56b1"
  : "reinforced"

const table = study(
  {
    base: { title: "base", config: { arm: { stageOne: "none" } } },
    full: { title: "critique and verdict", config: {} },
    withoutCritique: { title: "w/o critique", config: { verification: { train: "verdict" } } },
    withoutJudgment: { title: "w/o judgment", config: { verification: { train: "critique" } } },
    otherExperience: { title: "other's answers", config: { experience: other } }
  },
  seeds,
  {
    title: "Ablations: what is learnt, and from whose answers",
    judges,
    notes: [
      ...caveats,
      "Without a critique the world's model restates request and answer and then says the verdict; without a judgment it learns everything before the verdict.",
      "In the world the other policy is the base after stage 2."
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
