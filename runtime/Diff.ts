/**
 * What differs between two runs: settings, what became of each node, rows and their verdicts by id, and the numbers in
 * values and reports. Reads records and stored results, and of tables only the columns that differ. How it is printed is
 * in `terminal/diffText.ts`.
 */
import * as Effect from "effect/Effect"
import { canonicalJson } from "../cache/Digest.ts"
import type { FolderManifest, Manifest, RunNode, RunRecord, ValueManifest } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import { isLost } from "../cache/StoreFailed.ts"
import { diffTable, type TableDiff } from "./diff/diffTable.ts"
import { numbersOf } from "./diff/numbersOf.ts"
import * as RunFacts from "./RunFacts.ts"

/** A setting or a metric: absent on the side that does not have it. */
export interface Changed<A> {
  readonly path: string
  readonly from?: A
  readonly to?: A
}

/** A number that is not what it was. `difference` where both runs have it. */
export interface MetricChange extends Changed<number> {
  readonly difference?: number
}

export interface FolderDiff {
  readonly added: ReadonlyArray<string>
  readonly removed: ReadonlyArray<string>
  readonly changed: ReadonlyArray<string>
}

/** What became of a node of one name. */
export interface NodeDiff {
  readonly label: string
  /**
   * `changed`: another result. `missing`: the newer run has none, though the older one has. `unreached`: one of the runs
   * ended before it came to this node.
   */
  readonly change: "added" | "removed" | "changed" | "same" | "missing" | "unreached"
  /** What each run did to it: `ran`, `fresh`, `failed`, …; absent where it is not in that run. */
  readonly before?: string
  readonly after?: string
  /** Why the newer run ran it, one line each. */
  readonly why: ReadonlyArray<string>
  /** Of its result: one of these where it changed and its bytes are still there. */
  readonly table?: TableDiff
  readonly metrics?: ReadonlyArray<MetricChange>
  readonly folder?: FolderDiff
  /** The result is of another kind, or its bytes are gone: nothing can be compared. */
  readonly incomparable?: string
}

export interface RunDiff {
  readonly before: string
  readonly after: string
  readonly settings: ReadonlyArray<Changed<unknown>>
  /** Nodes of the newer run in their order, then those it no longer has. */
  readonly nodes: ReadonlyArray<NodeDiff>
}

export interface DiffOptions {
  /** Rows named of each kind. */
  readonly samples: number
}

const sides = <A>(path: string, from: A | undefined, to: A | undefined): Changed<A> => ({
  path,
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to })
})

const diffSettings = (before: RunRecord, after: RunRecord): RunDiff["settings"] => {
  const [then, now] = [RunFacts.settingsOf(before), RunFacts.settingsOf(after)]
  return [...new Set([...then.keys(), ...now.keys()])].flatMap((path) => {
    const [from, to] = [then.get(path)?.value, now.get(path)?.value]
    return canonicalJson(from ?? null) === canonicalJson(to ?? null) ? [] : [sides(path, from, to)]
  })
}

const diffNumbers = (before: unknown, after: unknown): ReadonlyArray<MetricChange> => {
  const [then, now] = [numbersOf(before), numbersOf(after)]
  return [...new Set([...now.keys(), ...then.keys()])].flatMap((path) => {
    const [from, to] = [then.get(path), now.get(path)]
    if (from === to) return []
    return [{
      ...sides(path, from, to),
      ...(from === undefined || to === undefined ? {} : { difference: to - from })
    }]
  })
}

const diffFolder = (before: FolderManifest, after: FolderManifest): FolderDiff => {
  const then = new Map(before.files.map(({ blob, path }) => [path, blob]))
  const now = new Map(after.files.map(({ blob, path }) => [path, blob]))
  return {
    added: [...now.keys()].filter((path) => !then.has(path)),
    removed: [...then.keys()].filter((path) => !now.has(path)),
    changed: [...now].flatMap(([path, blob]) => then.has(path) && then.get(path) !== blob ? [path] : [])
  }
}

/** What differs between two results of one node. */
const diffResults = Effect.fnUntraced(
  function*(
    before: Manifest,
    after: Manifest,
    options: { readonly id: ReadonlyArray<string>; readonly inherited: ReadonlySet<string>; readonly samples: number }
  ) {
    const store = yield* Store
    if (before.kind === "table" && after.kind === "table") {
      const table = yield* diffTable(before, after, options)
      return table === undefined ? {} : { table }
    }
    if (before.kind === "folder" && after.kind === "folder") return { folder: diffFolder(before, after) }
    if (before.kind === "value" && after.kind === "value") {
      const read = (manifest: ValueManifest) => store.readValue(manifest)
      return { metrics: diffNumbers(yield* read(before), yield* read(after)) }
    }
    return { incomparable: `a ${before.kind} became a ${after.kind}` }
  },
  (effect) =>
    Effect.catchIf(
      effect,
      isLost,
      () => Effect.succeed({ incomparable: "part of a result is no longer in the cache" })
    )
)

const whyOf = ({ why }: RunNode): ReadonlyArray<string> =>
  Array.isArray(why) ? why.filter((line) => typeof line === "string") : []

const changeOf = (before: RunNode | undefined, after: RunNode, complete: boolean): NodeDiff["change"] => {
  if (before === undefined) return complete ? "added" : "unreached"
  if (before.manifest?.content === after.manifest?.content) return "same"
  const lacking = after.manifest === undefined ? after : before.manifest === undefined ? before : undefined
  if (lacking?.state === "skipped") return "unreached"
  return after.manifest === undefined ? "missing" : "changed"
}

type Nodes = ReadonlyMap<string, RunNode>

const byLabel = ({ nodes }: RunRecord): Nodes => new Map(nodes.map((node) => [node.label, node]))

/** Columns that a node's table has from one of its inputs as they are: they changed because they changed there. */
const inheritedBy = (node: RunNode, nodes: Nodes): ReadonlyMap<string, string> => {
  const own = node.manifest?.kind === "table" ? node.manifest.columns : {}
  const inputs = Object.values(RunFacts.ofNode(node).inputs).flatMap((label) => nodes.get(label)?.manifest ?? [])
  return new Map(
    inputs.flatMap((input) => input.kind === "table" ? Object.entries(input.columns) : [])
      .filter(([name, digest]) => own[name] === digest)
  )
}

const diffNode = Effect.fnUntraced(
  function*(before: RunNode | undefined, after: RunNode, runs: { readonly old: Nodes; readonly now: Nodes }, options: {
    readonly complete: boolean
    readonly samples: number
  }) {
    const change = changeOf(before, after, options.complete)
    const head = {
      label: after.label,
      change,
      ...(before === undefined ? {} : { before: before.state }),
      after: after.state,
      why: whyOf(after)
    } satisfies NodeDiff
    if (change !== "changed" || before === undefined) return head
    if (before.manifest === undefined) return { ...head, incomparable: "had no result before" } satisfies NodeDiff
    const then = inheritedBy(before, runs.old)
    const inherited = new Set([...inheritedBy(after, runs.now).keys()].filter((name) => then.has(name)))
    const { samples } = options
    const { id } = RunFacts.ofNode(after)
    return { ...head, ...(yield* diffResults(before.manifest, after.manifest!, { id, inherited, samples })) }
  }
)

/** What differs from the older run to the newer one. */
export const diffRuns = Effect.fnUntraced(function*(before: RunRecord, after: RunRecord, options: DiffOptions) {
  const runs = { old: byLabel(before), now: byLabel(after) }
  const complete = before.ok === true
  const nodes: Array<NodeDiff> = []
  for (const node of after.nodes) {
    nodes.push(yield* diffNode(runs.old.get(node.label), node, runs, { complete, samples: options.samples }))
  }
  for (const { label, state } of before.nodes) {
    if (!runs.now.has(label)) {
      nodes.push({ label, change: after.ok === true ? "removed" : "unreached", before: state, why: [] })
    }
  }
  return { before: before.run, after: after.run, settings: diffSettings(before, after), nodes } satisfies RunDiff
})
