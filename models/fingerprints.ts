/**
 * Everything about the options of a sampler or a trainer that its results depend on, for cache keys; known without
 * loading either.
 */
import type { Precision } from "./decode/DecodeSession.ts"
import { engineVersion, trainingVersion } from "./engineVersion.ts"

/** Samples do not depend on the width of the batch, nor on threads. */
export const samplerFingerprint = ({ precision = "f32" }: { readonly precision?: Precision }): string =>
  precision === "f32" ? engineVersion : `${engineVersion}/${precision}`

/** GRPO samples from weights that change: with several threads the order of sums depends on how many there are. */
export const trainerFingerprint = ({ threads }: { readonly threads: number }): string =>
  threads === 1 ? trainingVersion : `${trainingVersion}/${threads} threads`
