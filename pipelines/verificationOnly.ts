/**
 * Stage 1 alone, measured: rollouts, critiques, mix, verify-SFT and its evaluation. What sweeps over training data and
 * seeds repeat; every arm shares the rollouts and critiques it does not change.
 */
import * as Pipeline from "../runtime/Pipeline.ts"
import { type Config, evaluate, settings, verification } from "./sinternal.ts"

export const verificationOnly = Pipeline.make({
  name: "verificationOnly",
  settings,
  build: (config: Config) => {
    const { spec, tuned } = verification(config)
    return { tuned, scores: evaluate("verifySft", config, tuned, spec).scores }
  }
})
