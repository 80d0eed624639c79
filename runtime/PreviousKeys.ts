/**
 * The last finished result of each node of an experiment, for those that are not fresh: what a plan compares with and
 * prices from. Run records are read when somebody asks, newest first and no further than the answer lies: history may
 * be long, and a run with nothing to do needs none of it.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { RunRecord } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"

/** A node that so many runs of its experiment did not come to counts as new. */
const runsOfExperiment = 8

/** Records looked at, of any experiment: of a cache that many share, the newest tell enough. */
const runsAtMost = 200

export const make = Effect.fnUntraced(function*(experiment: string) {
  const store = yield* Store
  // records are read in turn, or an older one could come first
  const turn = yield* Semaphore.make(1)
  const keys = new Map<string, Array<string>>() // newest first
  let names: Array<string> | undefined
  let read = 0

  const add = (run: RunRecord): void => {
    read++
    for (const { key, label } of run.nodes) {
      if (key === undefined) continue
      const known = keys.get(label)
      if (known === undefined) keys.set(label, [key])
      else if (!known.includes(key)) known.push(key)
    }
  }

  /** Reads records, newest first, until there is enough or no more to read. */
  const readUntil = Effect.fnUntraced(
    function*(enough: () => boolean) {
      names ??= [...(yield* store.runNames())].slice(0, runsAtMost).reverse()
      const unread = names
      const next = () => enough() || read >= runsOfExperiment ? undefined : unread.pop()
      for (let name = next(); name !== undefined; name = next()) {
        const run = yield* store.getRun(name)
        if (run?.experiment === experiment) add(run)
      }
    },
    Semaphore.withPermit(turn),
    (reading) => Effect.ignore(reading)
  )

  return {
    /** Key of the last finished result under a label; none where history is lost or cannot be read. */
    last: (label: string): Effect.Effect<string | undefined> =>
      Effect.map(readUntil(() => keys.has(label)), () => keys.get(label)?.[0]),
    /** Keys of the finished results under a label, newest first, as far as the last runs of the experiment go. */
    all: (label: string): Effect.Effect<ReadonlyArray<string>> =>
      Effect.map(readUntil(() => false), () => keys.get(label) ?? [])
  }
})
