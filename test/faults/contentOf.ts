/**
 * Content digests of what a cache's runs left, by node label; the newest result counts.
 */
import * as Effect from "effect/Effect"
import type { Manifest } from "../../cache/Manifest.ts"
import * as CacheStore from "../../cache/Store.ts"

export const manifestsOf = (cache: string): Promise<ReadonlyMap<string, Manifest>> =>
  Effect.runPromise(
    Effect.gen(function*() {
      const found = new Map<string, Manifest>()
      for (const run of yield* (yield* CacheStore.Store).listRuns()) {
        for (const { label, manifest } of run.nodes) {
          if (manifest !== undefined && !found.has(label)) found.set(label, manifest)
        }
      }
      return found
    }).pipe(Effect.provide(CacheStore.layer(cache)))
  )

export const contentsOf = async (cache: string): Promise<ReadonlyMap<string, string>> =>
  new Map([...await manifestsOf(cache)].map(([label, { content }]) => [label, content]))
