/**
 * Shows a run that goes on elsewhere, in a terminal or another notebook, until it ends: its event log is read again and
 * again, nothing else of the run is touched.
 */
import * as Effect from "effect/Effect"
import { Store } from "../../cache/Store.ts"
import { eventsFrom } from "../../runtime/EventLog.ts"
import { chosenRuns } from "../../runtime/query/chosenRuns.ts"
import { existingCache } from "../../runtime/query/existingCache.ts"
import * as RunFacts from "../../runtime/RunFacts.ts"
import { type OpenOptions, placeOf } from "./open.ts"
import { RunView } from "./RunView.ts"

/** Unit: milliseconds between two looks. */
const lookEveryMs = 300

/** What became of a run that wrote no end. */
const endings: { readonly [state: string]: string } = {
  killed: "the run was killed; finished rows are kept, run the same command again to go on",
  unfinished: "the run has written no end; it may be going on on another machine"
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, lookEveryMs))

/**
 * Follows the latest run, of one experiment where told. Resolves with its state once it has ended, at once where it had.
 *
 * **Fails**: rejects with `CacheMissing` and `ProjectMissing` as `open` does; with `RangeError` where nothing has run.
 */
export const watch = async (options: OpenOptions = {}): Promise<RunFacts.RunState> => {
  const store = await Effect.runPromise(Effect.provide(Store, existingCache(placeOf(options.cache))))
  const [latest] = chosenRuns(await Effect.runPromise(store.listRuns()), { experiment: options.experiment })
  if (latest === undefined) throw new RangeError(`no run of ${options.experiment ?? "anything"} in this cache yet`)
  const view = await RunView.open()
  let from = 0
  for (;;) {
    // The state first: what a run said before it ended is then in the log.
    const state = RunFacts.stateOf(await Effect.runPromise(store.getRun(latest.run)) ?? latest)
    const { events, next } = eventsFrom(await Effect.runPromise(store.readEvents(latest.run)), from)
    from = next
    for (const { atMs, event } of events) view.apply(event, atMs)
    if (state !== "running") {
      await view.close(endings[state])
      return state
    }
    await pause()
  }
}
