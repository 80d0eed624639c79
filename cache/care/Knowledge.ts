/**
 * What those who look after a cache must be told by the layers above, which write the records: the cache keeps fields it
 * does not understand.
 */
import type { Digest } from "../Digest.ts"
import type { Action, RunNode, RunRecord } from "../Manifest.ts"

export interface Knowledge {
  /** Whether a run goes on; `unknown` where its process is on another machine. */
  readonly stateOf: (record: RunRecord) => "ended" | "running" | "unknown"
  /** The holder of a run, as text; `undefined` where its record does not say. */
  readonly holderOf: (record: RunRecord) => string | undefined
  /**
   * What an action was made from beside its inputs' results: the row function whose log it used, and the keys of the
   * actions of its sources.
   */
  readonly usesOf: (
    action: Action
  ) => { readonly rowFunction: Digest | undefined; readonly sources: ReadonlyArray<Digest> }
  /** The present results of an experiment, by label. **Shape**: its runs, latest first. */
  readonly presentOf: (
    runs: ReadonlyArray<RunRecord>
  ) => ReadonlyMap<string, { readonly node: RunNode; readonly run: string }>
}
