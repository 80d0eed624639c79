/**
 * Which run records a question is about: all, those of one experiment, or the past of one run.
 */
import type { RunRecord } from "../../cache/Manifest.ts"

/** What is asked for; everything in the cache unless told. */
export interface Choice {
  /** An experiment, with or without `.ts`. */
  readonly experiment?: string | undefined
  /** A run: the state it left, whatever ran since. */
  readonly run?: string | undefined
}

/**
 * The records that `latestNodes` should see. With a run these are it and the earlier runs of its experiment, which
 * complete it where it is unfinished. Empty where there is no such experiment or run.
 *
 * **Shape**: `runs` and the result are latest first, as `Store.listRuns` gives them.
 */
export const chosenRuns = (runs: ReadonlyArray<RunRecord>, { experiment, run }: Choice): ReadonlyArray<RunRecord> => {
  const wanted = experiment?.replace(/^\.\//u, "").replace(/\.ts$/u, "")
  const possible = wanted === undefined ? runs : runs.filter((each) => each.experiment === wanted)
  if (run === undefined) return possible
  const at = possible.findIndex((each) => each.run === run)
  return at < 0 ? [] : possible.slice(at).filter((each) => each.experiment === possible[at]!.experiment)
}
