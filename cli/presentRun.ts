/**
 * A run that a command is about, with the nodes of its experiment as it left them, and how they hang together. Everything
 * is read from run records: no experiment file is opened.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunNode, RunRecord, TableManifest } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import type { ExperimentInvalid } from "../runtime/Error.ts"
import { presentNodes } from "../runtime/history/presentNodes.ts"
import { runNamed, runsOf } from "../runtime/history/runNamed.ts"
import * as RunFacts from "../runtime/RunFacts.ts"

export class PresentRun {
  readonly record: RunRecord
  /** By label, in the order of the graph. */
  readonly nodes: ReadonlyMap<string, RunNode>
  /** All runs of its experiment, the latest first. */
  readonly runs: ReadonlyArray<RunRecord>

  /** `runs`: of its experiment. */
  constructor(record: RunRecord, runs: ReadonlyArray<RunRecord>) {
    this.record = record
    this.runs = runs
    const present = presentNodes(runs.slice(runs.indexOf(record)))
    this.nodes = new Map([...present].map(([label, { node }]) => [label, node]))
  }

  /** Nodes that a definition of this name made. */
  madeBy(definition: string): ReadonlyArray<RunNode> {
    return [...this.nodes.values()].filter(({ node }) => node === definition)
  }

  /** Label of the input on each port. */
  inputsOf(label: string): { readonly [port: string]: string } {
    const node = this.nodes.get(label)
    return node === undefined ? {} : RunFacts.ofNode(node).inputs
  }

  /** A node's table, if its result is one. */
  tableOf(label: string | undefined): TableManifest | undefined {
    const manifest = label === undefined ? undefined : this.nodes.get(label)?.manifest
    return manifest?.kind === "table" ? manifest : undefined
  }

  /** Labels of all that a node was made from, the nearest first. */
  above(label: string): ReadonlyArray<string> {
    const found = new Set([label])
    for (const each of found) for (const input of Object.values(this.inputsOf(each))) found.add(input)
    return [...found].slice(1)
  }
}

/** A run as one of all: what is present is found among those of its experiment. */
export const amongRuns = (record: RunRecord, all: ReadonlyArray<RunRecord>): PresentRun =>
  new PresentRun(record, all.filter((each) => each.experiment === record.experiment))

/** The run that is named, else the latest; of one experiment, if that is named. **Fails**: `ExperimentInvalid`. */
export const presentRun = Effect.fnUntraced(function*(
  experiment: Option.Option<string>,
  run: Option.Option<string> = Option.none()
) {
  const all = runsOf(yield* (yield* Store).listRuns(), Option.getOrUndefined(experiment))
  const record = yield* Effect.try({
    try: () => runNamed(all, Option.getOrElse(run, () => "latest")),
    catch: (error) => error as ExperimentInvalid
  })
  return amongRuns(record, all)
})
