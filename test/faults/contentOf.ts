/**
 * Content digests of what a cache's runs left, by node label; the newest result counts.
 */
import * as Effect from "effect/Effect"
import type { Manifest } from "../../cache/Manifest.ts"
import * as CacheStore from "../../cache/Store.ts"

const manifests = Effect.gen(function*() {
  const found = new Map<string, Manifest>()
  for (const run of yield* (yield* CacheStore.Store).listRuns()) {
    for (const { label, manifest } of run.nodes) {
      if (manifest !== undefined && !found.has(label)) found.set(label, manifest)
    }
  }
  return found
})

const within = <A>(cache: string, effect: Effect.Effect<A, CacheStore.StoreFailed, CacheStore.Store>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, CacheStore.layer(cache)))

const contents = (found: ReadonlyMap<string, Manifest>): ReadonlyMap<string, string> =>
  new Map([...found].map(([label, { content }]) => [label, content]))

export const manifestsOf = (cache: string): Promise<ReadonlyMap<string, Manifest>> => within(cache, manifests)

export const contentsOf = async (cache: string): Promise<ReadonlyMap<string, string>> =>
  contents(await manifestsOf(cache))

/** {@link contentsOf}, once every byte of the results was read and is what its digest says. */
export const wholeContentsOf = (cache: string): Promise<ReadonlyMap<string, string>> =>
  within(
    cache,
    Effect.gen(function*() {
      const store = yield* CacheStore.Store
      const found = yield* manifests
      for (const manifest of found.values()) {
        if (manifest.kind === "table") yield* store.readTable(manifest)
        else if (manifest.kind === "value") yield* store.readValue(manifest)
        else yield* store.folderPath(manifest)
      }
      return contents(found)
    })
  )
