/**
 * What the latest run of a cache left, read through the store itself: the bench trusts no count and no headline.
 */
import * as Effect from "effect/Effect"
import type { RunRecord } from "../../cache/Manifest.ts"
import * as Store from "../../cache/Store.ts"

const ofLatestRun = <A>(
  cache: string,
  read: (store: Store.Store["Service"], nodes: RunRecord["nodes"]) => Effect.Effect<A, Error>
): Promise<A> =>
  Effect.runPromise(
    Effect.gen(function*() {
      const store = yield* Store.Store
      const run = yield* store.latestRun()
      if (run === undefined) return yield* Effect.fail(new Error(`there is no run in ${cache}`))
      return yield* read(store, run.nodes)
    }).pipe(Effect.provide(Store.layer(cache)))
  )

/** The values of these nodes, in this order; undefined for a node without one. */
export const valuesOf = (cache: string, labels: ReadonlyArray<string>): Promise<ReadonlyArray<unknown>> =>
  ofLatestRun(cache, (store, nodes) => {
    const manifests = new Map(nodes.map(({ label, manifest }) => [label, manifest]))
    return Effect.forEach(labels, (label) => {
      const manifest = manifests.get(label)
      return manifest?.kind === "value" ? store.readValue(manifest) : Effect.undefined
    })
  })

/** The values of all nodes whose label begins so. */
export const valuesLike = (cache: string, start: string): Promise<ReadonlyArray<unknown>> =>
  ofLatestRun(cache, (store, nodes) =>
    Effect.forEach(
      nodes.filter(({ label }) => label.startsWith(start)),
      ({ manifest }) => manifest?.kind === "value" ? store.readValue(manifest) : Effect.undefined
    ))

/** The cells of a table node by column. */
export const tableOf = (
  cache: string,
  label: string
): Promise<{ readonly [column: string]: ArrayLike<unknown> }> =>
  ofLatestRun(cache, (store, nodes) => {
    const manifest = nodes.find((node) => node.label === label)?.manifest
    if (manifest?.kind !== "table") return Effect.fail(new Error(`the latest run has no table ${label}`))
    return store.readTable(manifest)
  })
