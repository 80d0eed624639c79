/** The way of a training example back: its critique, the clauses that decided, its prompt, from the tables of a run. */
import * as Effect from "effect/Effect"
import type { RunNode } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import type { SpecClauseRow } from "../../nodes/text/parseSpec.ts"
import { type Cells, StoredTable } from "../../runtime/history/StoredTable.ts"
import * as RunFacts from "../../runtime/RunFacts.ts"
import type { PresentRun } from "../presentRun.ts"
import { specNodes, storedClauses } from "../spec/runSpec.ts"

/** A row with the node whose table it is in. */
export interface Found {
  readonly label: string
  readonly cells: Cells
}

/** How an expert judged the example. Arms of a sweep may have judged different answers under one name. */
export interface Judged extends Found {
  /** The clauses the expert was shown. */
  readonly clauses: ReadonlyArray<SpecClauseRow & { readonly cited: boolean }>
  /** Trainings that saw the example as it is here. */
  readonly trainedBy: ReadonlyArray<string>
}

export interface WayBack {
  /** Empty for a prompt, or an example that no expert judged. */
  readonly critiques: ReadonlyArray<Judged>
  readonly promptId: string
  /** Absent where no table of prompts has it. */
  readonly prompt?: Found
  /** Answers to the prompt that an expert judged. */
  readonly siblings: ReadonlyArray<string>
}

const tableOf = (store: Store["Service"], node: RunNode): StoredTable | undefined =>
  node.manifest?.kind === "table" ? new StoredTable(store, node.manifest, RunFacts.ofNode(node).id) : undefined

const find = Effect.fnUntraced(function*(nodes: Iterable<RunNode>, name: string) {
  const store = yield* Store
  for (const node of nodes) {
    const table = tableOf(store, node)
    const row: number = table === undefined ? -1 : yield* table.rowNamed(name)
    if (row >= 0) return { label: node.label, cells: yield* table!.cells(row) } as Found
  }
  return undefined
})

/** Tables of prompts as they were loaded. */
const promptNodes = (run: PresentRun): ReadonlyArray<RunNode> =>
  [...run.nodes.values()].filter((node) => {
    const { id } = RunFacts.ofNode(node)
    return id.length === 1 && id[0] === "promptId" && run.tableOf(node.label)?.columns["source"] !== undefined
  })

const shownClauses = Effect.fnUntraced(function*(run: PresentRun, { cells, label }: Found) {
  const specs = specNodes(run.nodes.values())
  const manifest = specs.get(run.inputsOf(label)["spec"] ?? "")
  const [shown, cited] = ["shown", "cited"].map((name) => cells[name] as ReadonlyArray<string>)
  const clauses = manifest === undefined ? [] : yield* storedClauses(manifest)
  return clauses.filter(({ clauseId }) => shown!.includes(clauseId)).map((clause) => ({
    ...clause,
    cited: cited!.includes(clause.clauseId)
  }))
})

const siblingsOf = Effect.fnUntraced(function*(critiques: ReadonlyArray<RunNode>, promptId: string) {
  const table = critiques[0] === undefined ? undefined : tableOf(yield* Store, critiques[0])
  if (table === undefined) return []
  const rows = yield* table.where({ promptId })
  const ids = yield* table.column("sampleId")
  return rows.map((row) => String(ids[row]))
})

/** Every critique of this name; of those that were trained on alone, if there are any. */
const judgedAs = Effect.fnUntraced(function*(run: PresentRun, name: string, trained: ReadonlyArray<string>) {
  const nodes = run.madeBy("critique")
  const labels = new Set(nodes.map(({ label }) => label))
  const nearest = new Map(trained.map((label) => [label, run.above(label).find((above) => labels.has(above))]))
  const found: Array<Judged> = []
  for (const node of nodes) {
    const row = yield* find([node], name)
    if (row === undefined) continue
    const trainedBy = trained.filter((label) => nearest.get(label) === node.label)
    found.push({ ...row, clauses: yield* shownClauses(run, row), trainedBy })
  }
  const used = found.filter(({ trainedBy }) => trainedBy.length > 0)
  return used.length > 0 ? used : found
})

/**
 * Where an example or a prompt came from; `undefined` where the run knows nothing of this name. `trained`: nodes that
 * trained on it. **Fails**: `StoreFailed`.
 */
export const wayBack = Effect.fnUntraced(function*(run: PresentRun, name: string, trained: ReadonlyArray<string>) {
  const critiques = yield* judgedAs(run, name, trained)
  const promptId = critiques[0] === undefined ? name : String(critiques[0].cells["promptId"])
  const prompt = yield* find(promptNodes(run), promptId)
  if (critiques.length === 0 && prompt === undefined) return undefined
  return {
    critiques,
    promptId,
    ...(prompt === undefined ? {} : { prompt }),
    siblings: yield* siblingsOf(run.madeBy("critique"), promptId)
  } as WayBack
})
