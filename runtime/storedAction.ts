/**
 * The action of a key as the engine sees it: a damaged record, out of the way by then, is none.
 */
import * as Effect from "effect/Effect"
import type { Action } from "../cache/Manifest.ts"
import { Store, type StoreFailed } from "../cache/Store.ts"

/** With `refresh`, also what other runs have recorded since this one looked last. */
export const storedAction = (
  key: string,
  options: { readonly refresh?: boolean } = {}
): Effect.Effect<Action | undefined, StoreFailed, Store> =>
  Effect.flatMap(
    Store,
    (store) => Effect.catchTag(store.getAction(key, options), "BlobDamaged", () => Effect.succeed(undefined))
  )
