/**
 * What a cache holds now, from the records of its runs: the latest result of each node, and the one before its last
 * change. Only records are read here; the rows behind them are `tablesByName.ts`'.
 */
import type { Manifest, RunRecord } from "../../cache/Manifest.ts"

/** A node as the latest runs left it. */
export interface LatestNode {
  readonly experiment: string
  readonly label: string
  /** What the run did: `ran`, `fresh`, … */
  readonly state: string
  readonly run: string
  readonly manifest: Manifest
  /** The latest other result of this node, from an earlier run of the same experiment. */
  readonly before: Manifest | undefined
}

/**
 * The runs that make up the present: those since the last one that went through, and it. A run that is going on, was
 * killed or failed has only some nodes; the others are as the runs before it left them.
 */
const present = (runs: ReadonlyArray<RunRecord>): ReadonlyArray<RunRecord> => {
  const complete = runs.findIndex((run) => run.ok === true)
  return complete < 0 ? runs : runs.slice(0, complete + 1)
}

const latestOf = (runs: ReadonlyArray<RunRecord>): ReadonlyArray<LatestNode> => {
  const found = new Map<string, LatestNode>()
  for (const run of present(runs)) {
    for (const { label, manifest, state } of run.nodes) {
      if (manifest === undefined || found.has(label)) continue
      const earlier = runs.slice(runs.indexOf(run) + 1).flatMap((each) =>
        each.nodes.find((node) => node.label === label)?.manifest ?? []
      )
      const before = earlier.find((each) => each.content !== manifest.content)
      found.set(label, { experiment: run.experiment, label, state, run: run.run, manifest, before })
    }
  }
  return [...found.values()]
}

/**
 * The latest nodes of every experiment, the experiment that ran last first.
 *
 * **Shape**: `runs` are latest first, as `Store.listRuns` gives them.
 */
export const latestNodes = (runs: ReadonlyArray<RunRecord>): ReadonlyArray<LatestNode> =>
  [...Map.groupBy(runs, (run) => run.experiment).values()].flatMap(latestOf)
