/**
 * Prompt sets of real, pinned packages. Each package is fetched once, when a set needs it; what the sets hold is in
 * `inputs/promptSets.ts`, what is fetched in `inputs/pins.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { missingWheels } from "../inputs/fetchWheel.ts"
import { open } from "../inputs/package.ts"
import type { PackageUnavailable } from "../inputs/PackagePin.ts"
import { label } from "../inputs/PackagePin.ts"
import * as Pins from "../inputs/pins.ts"
import * as PromptSets from "../inputs/promptSets.ts"
import { readHarmScores } from "../inputs/scoredAnswers.ts"
import { harmRows } from "../judge/assessByHarm.ts"
import { loadLabelledRows } from "../judge/labelledRows.ts"
import { PromptsInvalid, PromptSource } from "../service/PromptSource.ts"

/** With the longest goal a prompt has at most 645 tokens of SmolLM2. */
export const defaultOptions: PromptSets.SetOptions = { maxWrapperCharacters: 1800 }

const asPromptsInvalid = ({ next, package: source, reason }: PackageUnavailable) =>
  new PromptsInvalid({ source, reason, next })

/** The pins that sets are read from, without the digests of single files: the wheel's covers them. */
const pinned = [Pins.pyrit, Pins.rhoEval, Pins.strongReject]

/** The prompt sets of `promptSets.setNames`, and the verification items of its `verificationSet`. */
export const packagePrompts = (
  options: Partial<PromptSets.SetOptions> = {}
): Layer.Layer<PromptSource> =>
  Layer.effect(
    PromptSource,
    Effect.gen(function*() {
      const settings = { ...defaultOptions, ...options }
      const packages = {
        pyrit: yield* Effect.cached(open(Pins.pyrit)),
        rhoEval: yield* Effect.cached(open(Pins.rhoEval)),
        strongReject: yield* Effect.cached(open(Pins.strongReject))
      }
      return PromptSource.of({
        fingerprint: JSON.stringify({
          packages: pinned.map((pin) => [label(pin), pin.sha256]),
          settings
        }),
        code: [
          { file: PromptSets.url, name: "loadSet" },
          { file: PromptSets.url, name: "loadVerificationItems" }
        ],
        missing: missingWheels(pinned),
        load: (query) =>
          Effect.catchTag(PromptSets.loadSet(packages, settings, query), "PackageUnavailable", (error) =>
            Effect.fail(asPromptsInvalid(error))),
        verificationItems: (query) =>
          Effect.catchTag(PromptSets.loadVerificationItems(packages, query), "PackageUnavailable", (error) =>
            Effect.fail(asPromptsInvalid(error))),
        labelledAnswers: Effect.catchTag(loadLabelledRows, "PackageUnavailable", (error) =>
          Effect.fail(asPromptsInvalid(error))),
        harmAnswers: Effect.map(readHarmScores(packages), harmRows).pipe(
          Effect.catchTag("PackageUnavailable", (error) =>
            Effect.fail(asPromptsInvalid(error)))
        )
      })
    })
  )
