/** The expert for prompt sets with known labels: no model, no cost. What it writes is in `judge/critiqueByLabel.ts`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Critiques from "../judge/critiqueByLabel.ts"
import { Expert } from "../service/Expert.ts"

/** Never fails. */
export const labelExpert: Layer.Layer<Expert> = Layer.succeed(Expert, {
  fingerprint: "label-expert",
  code: [{ file: Critiques.url, name: "critiqueByLabel" }],
  critique: (request) => Effect.sync(() => Critiques.critiqueByLabel(request))
})
