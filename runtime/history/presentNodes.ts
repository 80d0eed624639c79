/**
 * The nodes of an experiment as its runs left them: those of the latest run, completed by earlier ones where it was
 * killed, failed or stopped before it came to them.
 */
import type { RunNode, RunRecord } from "../../cache/Manifest.ts"

/** A node with the run whose record says so. */
export interface PresentNode {
  readonly node: RunNode
  readonly run: string
}

/**
 * By label, in the order of the graph as far as one record has it.
 *
 * **Shape**: `runs` are those of one experiment, latest first.
 */
export const presentNodes = (runs: ReadonlyArray<RunRecord>): ReadonlyMap<string, PresentNode> => {
  const complete = runs.findIndex((run) => run.ok === true)
  const present = complete < 0 ? runs : runs.slice(0, complete + 1)
  const found = new Map<string, PresentNode>()
  // the earliest first: a complete run has all nodes in order, later ones only replace
  for (const { nodes, run } of [...present].reverse()) {
    for (const node of nodes) {
      if (node.manifest !== undefined || !found.has(node.label)) found.set(node.label, { node, run })
    }
  }
  return found
}
