/**
 * How much expert-verified data does it take (the paper's Fig. 6, on the synthetic world)? Fifteen arms: five nested
 * fractions of the examples, three training seeds each. Rollouts and critiques are made once for all of them.
 */
import { plotSweep, reportSweep } from "../../nodes/plotSweep.ts"
import { verificationOnly } from "../../pipelines/verificationOnly.ts"
import * as Experiment from "../../runtime/Experiment.ts"
import { world, worldLayers } from "../quickstart.ts"

const axes = { fraction: [0, 0.05, 0.25, 0.5, 1], seed: [0, 1, 2] }

/** How an arm is called among the inputs of the nodes that read all arms. */
const labelOf = ({ fraction, seed }: { readonly fraction: number; readonly seed: number }) =>
  `fraction ${fraction} seed ${seed}`

const labels = Experiment.grid(axes).map(labelOf)
const plot = plotSweep(labels)
const report = reportSweep(labels)

export default Experiment.sweep({
  pipeline: verificationOnly,
  axes,
  config: ({ fraction, seed }) => ({ ...world, mix: { fraction }, seeds: { data: 0, train: seed } }),
  layers: worldLayers,
  collect: (arms) => {
    const scores = Object.fromEntries(arms.map(({ point, targets }) => [labelOf(point), targets.scores]))
    const drawn = {
      arms: Object.fromEntries(arms.map(({ point }) => [labelOf(point), { x: point.fraction, seed: point.seed }])),
      title: "Attack success by share of expert-verified examples",
      x: { label: "expert-verified examples used", percent: true },
      set: { name: "wrappers", title: "unseen wrappers" }
    }
    return {
      plot: plot(scores, drawn),
      report: report(scores, {
        ...drawn,
        notes: [
          "One base; three training seeds; data, rollouts and critiques are the same in every arm. At 0 % the policy is the base itself."
        ]
      })
    }
  }
})
