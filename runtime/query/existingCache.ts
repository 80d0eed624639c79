/**
 * A cache that is there already, for those who only look: opening a store makes one where there is none, which would
 * hide a mistaken folder.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import type { Store } from "../../cache/Store.ts"
import * as CacheStore from "../../cache/Store.ts"
import type { StoreFailed } from "../../cache/StoreFailed.ts"

/** There is no cache where one was looked for. */
export class CacheMissing extends Schema.TaggedError<CacheMissing>()("CacheMissing", { folder: Schema.String }) {
  readonly exitCode = 2
  override get message() {
    return `there is no cache in ${this.folder}\n  run an experiment first (npx pipeline run experiments/quickstart.ts), `
      + "or name the folder of another with --cache, open({ cache }) or PIPELINE_CACHE"
  }
}

/** The store in `folder`. **Fails**: `CacheMissing`; `StoreFailed` for a cache that cannot be read. */
export const existingCache = (folder: string): Layer.Layer<Store, CacheMissing | StoreFailed> =>
  Layer.unwrap(
    Effect.suspend(() =>
      existsSync(CacheStore.baseOf(folder))
        ? Effect.succeed(CacheStore.layer(folder))
        : Effect.fail(new CacheMissing({ folder }))
    )
  )
