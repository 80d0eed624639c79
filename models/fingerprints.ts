/**
 * Everything about the options of a sampler or a trainer that its results depend on, for cache keys; known without
 * loading either.
 */
import type { Precision } from "./decode/DecodeSession.ts"
import { engineVersion, trainingVersion } from "./engineVersion.ts"

/** Samples do not depend on the width of the batch, nor on threads. */
export const samplerFingerprint = ({ precision = "f32" }: { readonly precision?: Precision }): string =>
  precision === "f32" ? engineVersion : `${engineVersion}/${precision}`

/** With several threads, how many there are may decide the order in which sums add up. */
export const trainerFingerprint = ({ threads }: { readonly threads: number }): string =>
  threads === 1 ? trainingVersion : `${trainingVersion}/${threads} threads`
