/**
 * Prompt sets of real, pinned packages. Each package is fetched once, when a set needs it; what the sets hold is in
 * `inputs/promptSets.ts`, what is fetched in `inputs/pins.ts`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { open } from "../inputs/package.ts"
import type { PackageUnavailable } from "../inputs/PackagePin.ts"
import { label } from "../inputs/PackagePin.ts"
import * as Pins from "../inputs/pins.ts"
import * as PromptSets from "../inputs/promptSets.ts"
import { PromptsInvalid, PromptSource } from "../service/PromptSource.ts"

/** Keeps a prompt of a template and a goal within about 512 tokens. */
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
        load: (query) =>
          Effect.catchTag(PromptSets.loadSet(packages, settings, query), "PackageUnavailable", (error) =>
            Effect.fail(asPromptsInvalid(error))),
        verificationItems: (query) =>
          Effect.catchTag(PromptSets.loadVerificationItems(packages, query), "PackageUnavailable", (error) =>
            Effect.fail(asPromptsInvalid(error)))
      })
    })
  )
