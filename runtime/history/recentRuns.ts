/**
 * The latest runs of an experiment, read one after the other: a cache may keep the history of years, and nobody who asks
 * about now should wait for all of it.
 */
import * as Effect from "effect/Effect"
import type { RunRecord } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"

/** Records read at most, those of other experiments included. */
const mostRead = 200

/** At most `most` records, latest first. */
export const recentRuns = Effect.fnUntraced(function*(experiment: string, most: number) {
  const store = yield* Store
  const found: Array<RunRecord> = []
  for (const name of (yield* store.runNames()).slice(0, mostRead)) {
    if (found.length >= most) break
    const record = yield* store.getRun(name)
    if (record?.experiment === experiment) found.push(record)
  }
  return found as ReadonlyArray<RunRecord>
})
