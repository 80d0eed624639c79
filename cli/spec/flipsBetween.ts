/**
 * What an edit of the specification did to the expert's verdicts, where both versions have run in one experiment: the
 * latest run of each is looked up, and the pairs that both judged are compared.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import type { RunRecord, TableManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { type ClauseFlips, type JudgedPair, verdictFlips } from "../../nodes/spec/verdictFlips.ts"
import { SpecReader } from "./runSpec.ts"
import type { Edit } from "./touchedRows.ts"

/** A critique as it is shown. */
export interface FlippedPair extends JudgedPair {
  readonly prompt: string
  readonly answer: string
  readonly critique: string
}

export interface NodeFlips {
  readonly label: string
  /** Pairs of prompt and answer that are the same in both runs. */
  readonly common: number
  readonly clauses: ReadonlyArray<
    Omit<ClauseFlips, "samples"> & {
      readonly samples: ReadonlyArray<{ readonly before: FlippedPair; readonly after: FlippedPair }>
    }
  >
}

export interface Flips {
  /** The latest run with each version; undefined: none in this cache. */
  readonly before: string | undefined
  readonly after: string | undefined
  readonly nodes: ReadonlyArray<NodeFlips>
}

const critiquesOf = ({ nodes }: RunRecord): ReadonlyMap<string, TableManifest> =>
  new Map(
    nodes.flatMap(({ label, manifest, node }) =>
      node === "critique" && manifest?.kind === "table" ? [[label, manifest]] : []
    )
  )

const names = ["sampleId", "prompt", "answer", "verdict", "critique", "cited", "shown"] as const

const pairsOf = Effect.fnUntraced(function*(manifest: TableManifest) {
  const cells = yield* (yield* Store).readTable(manifest, names)
  const pair = (_: unknown, row: number) =>
    Object.fromEntries(names.map((name): [string, Cell] => [name, cells[name]![row]!])) as unknown as FlippedPair
  return new Map(Array.from({ length: manifest.rows }, pair).map((one) => [one.sampleId, one]))
})

const flipsOf = Effect.fnUntraced(
  function*(label: string, before: TableManifest, after: TableManifest, most: number) {
    const [was, is] = [yield* pairsOf(before), yield* pairsOf(after)]
    // another answer under the same name is another pair, and its verdict says nothing of the edit
    const common = [...is.values()].filter(({ answer, prompt, sampleId }) => {
      const old = was.get(sampleId)
      return old?.prompt === prompt && old.answer === answer
    })
    const clauses = verdictFlips([...was.values()], common, Infinity).map(({ samples, ...flips }) => {
      const pairs = samples.map((id) => ({ before: was.get(id)!, after: is.get(id)! }))
      const different = Map.groupBy(pairs, ({ after }) => JSON.stringify([after.prompt, after.answer]))
      return { ...flips, samples: [...different.values()].slice(0, most).map(([first]) => first!) }
    })
    return { label, common: common.length, clauses } as NodeFlips
  }
)

/** Verdicts under both versions. **Shape**: `runs` are of one experiment, latest first. **Fails**: `StoreFailed`. */
export const flipsBetween = Effect.fnUntraced(function*(runs: ReadonlyArray<RunRecord>, edit: Edit, most: number) {
  const specs = new SpecReader()
  const judged = runs.filter((run) => critiquesOf(run).size > 0)
  const before = yield* specs.latestWith(judged, [edit.before])
  const after = yield* specs.latestWith(judged, [edit.after])
  const nodes: Array<NodeFlips> = []
  if (before !== undefined && after !== undefined) {
    const later = critiquesOf(after)
    for (const [label, manifest] of critiquesOf(before)) {
      const other = later.get(label)
      if (other !== undefined) nodes.push(yield* flipsOf(label, manifest, other, most))
    }
  }
  return { before: before?.run, after: after?.run, nodes } as Flips
})
