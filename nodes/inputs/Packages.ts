/**
 * The packages that prompt sets are read from, opened when first asked for. Sets know packages by this shape only, so that
 * how wheels are fetched is no part of what a set holds.
 */
import type * as Effect from "effect/Effect"
import type { Package } from "./package.ts"
import type { PackageUnavailable } from "./PackagePin.ts"

type Opened = Effect.Effect<Package, PackageUnavailable>

export interface Packages {
  readonly pyrit: Opened
  readonly rhoEval: Opened
  readonly strongReject: Opened
}
