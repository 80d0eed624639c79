/**
 * The trainer role where no trainer for models of this size is at hand: it cannot train, and says so before anything
 * runs. It keeps the place, and the price, of a trainer on GPUs.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Estimate } from "../../runtime/Used.ts"
import { Trainer, TrainerFailed } from "../service/Trainer.ts"

/** A trainer called `name` that is not here; `estimate` is what one job would cost. */
export const missingTrainer = (name: string, why: string, estimate: Estimate): Layer.Layer<Trainer> => {
  const failed = Effect.fail(
    new TrainerFailed({ reason: `${name}: ${why}`, next: "add --rehearse to go through the file with embedded models" })
  )
  return Layer.succeed(Trainer, {
    fingerprint: name,
    expensive: true,
    estimate,
    missing: Effect.succeed([`trainer ${name}: ${why}`]),
    sft: () => failed,
    grpo: () => failed
  })
}
