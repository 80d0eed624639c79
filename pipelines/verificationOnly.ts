/**
 * Stage 1 alone, measured: rollouts, critiques, mix, verify-SFT and its evaluation. What sweeps over training data and
 * seeds repeat; every arm shares the rollouts and critiques it does not change.
 */
import * as Pipeline from "../runtime/Pipeline.ts"
import { evaluate } from "./evaluate.ts"
import { type Config, settings } from "./settings.ts"
import { verification } from "./stages.ts"

export const verificationOnly = Pipeline.make({
  name: "verificationOnly",
  settings,
  build: (config: Config) => {
    const { leaks, lineage, spec, tuned } = verification(config)
    return { tuned, leaks, lineage, scores: evaluate("verifySft", config, tuned, spec).scores }
  }
})
