/** What a run's records say of time, cost and origin: the sections of a report that no node of the run can know. */
import * as Effect from "effect/Effect"
import type { Action, Manifest, RunNode } from "../../cache/Manifest.ts"
import type { NodeCost, Provenance } from "../../nodes/report/runSections.ts"
import * as RunFacts from "../../runtime/RunFacts.ts"
import { storedAction } from "../../runtime/storedAction.ts"
import { count } from "../../runtime/terminal/format.ts"
import type { PresentRun } from "../presentRun.ts"
import { specNodes } from "../spec/runSpec.ts"

/** A node and the record of how its result was made; undefined where that is gone or there is no result. */
export interface Made {
  readonly node: RunNode
  readonly action: Action | undefined
}

/** The nodes of a run with their records. **Fails**: `StoreFailed`. */
export const madeOf = (run: PresentRun) =>
  Effect.forEach([...run.nodes.values()], (node) =>
    Effect.map(
      node.key === undefined ? Effect.succeed(undefined) : storedAction(node.key),
      (action): Made => ({ node, action })
    ))

const rowsOf = (manifest: Manifest | undefined): number => manifest?.kind === "table" ? manifest.rows : 0

/** What each result took, whichever run made it. */
export const nodeCosts = (made: ReadonlyArray<Made>): ReadonlyArray<NodeCost> =>
  made.map(({ action, node }) => ({
    label: node.label,
    state: node.state,
    rows: rowsOf(node.manifest),
    reused: action?.rows?.reused ?? 0,
    seconds: (action?.durationMs ?? 0) / 1000,
    usd: action?.usage.usd ?? 0
  }))

/** Digits of a digest that tell results apart. */
const digits = 16

const listed = (values: Iterable<string>): string => [...new Set(values)].join("; ")

/** The services that shaped results, with their fingerprints. */
const servicesOf = (made: ReadonlyArray<Made>): Provenance => {
  const found = new Map<string, Set<string>>()
  for (const { action } of made) {
    const uses =
      (action?.parts as { readonly key?: { readonly uses?: { readonly [name: string]: string } } } | undefined)
        ?.key?.uses
    for (const [name, fingerprint] of Object.entries(uses ?? {})) {
      found.set(name, (found.get(name) ?? new Set()).add(String(fingerprint)))
    }
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([name, prints]) => [`service ${name}`, listed(prints)])
}

/** Specifications and checkpoints by the digest of what they hold. */
const contentsOf = (made: ReadonlyArray<Made>): Provenance => {
  const specs = specNodes(made.map(({ node }) => node))
  return made.flatMap(({ node: { label, manifest } }): Provenance =>
    manifest?.kind === "folder"
      ? [[`checkpoint ${label}`, manifest.content.slice(0, digits)]]
      : specs.has(label)
      ? [
        [`specification ${label}`, `${manifest!.content.slice(0, digits)}, ${count(rowsOf(manifest))} clauses`] as const
      ]
      : []
  )
}

/** Where the run's results come from. */
export const provenanceOf = ({ record }: PresentRun, made: ReadonlyArray<Made>): Provenance => {
  const actions = made.flatMap(({ action }) => action ?? [])
  const others = actions.filter(({ run }) => run !== record.run)
  return [
    ["run", record.run],
    ["experiment", record.experiment],
    ["state", RunFacts.stateOf(record)],
    ["started", record.startedAt],
    ...(record.finishedAt === undefined ? [] : [["finished", record.finishedAt] as const]),
    ...(others.length === 0 ? [] : [
      [
        "results of earlier runs",
        `${others.length} of ${actions.length}: ${listed(others.map(({ run }) => run))}`
      ] as const
    ]),
    ["machine", listed(actions.map(({ host }) => `${host.cpu}, ${host.platform}, Node ${host.node}`))],
    ...contentsOf(made),
    ...servicesOf(made)
  ]
}
