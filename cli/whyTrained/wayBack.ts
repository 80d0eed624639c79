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

export interface WayBack {
  /** Absent for a prompt, or an example that no expert judged. */
  readonly critique?: Found
  /** The clauses the expert was shown. */
  readonly clauses: ReadonlyArray<SpecClauseRow & { readonly cited: boolean }>
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

/**
 * Where an example or a prompt came from; `undefined` where the run knows nothing of this name. `trained`: nodes that
 * trained on it, whose own critiques are looked at first. **Fails**: `StoreFailed`.
 */
export const wayBack = Effect.fnUntraced(function*(run: PresentRun, name: string, trained: ReadonlyArray<string>) {
  const near = new Set(trained.flatMap((label) => run.above(label)))
  const critiques = run.madeBy("critique").toSorted((a, b) => Number(near.has(b.label)) - Number(near.has(a.label)))
  const critique = yield* find(critiques, name)
  const promptId = critique === undefined ? name : String(critique.cells["promptId"])
  const prompt = yield* find(promptNodes(run), promptId)
  if (critique === undefined && prompt === undefined) return undefined
  return {
    ...(critique === undefined ? {} : { critique }),
    clauses: critique === undefined ? [] : yield* shownClauses(run, critique),
    promptId,
    ...(prompt === undefined ? {} : { prompt }),
    siblings: yield* siblingsOf(critiques, promptId)
  } as WayBack
})
