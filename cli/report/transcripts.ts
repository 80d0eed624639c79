/**
 * Answers of a run that are worth reading: the same prompt answered by every arm, where the arms or the judge differ, and
 * critiques that were learnt from. Chosen by what was judged and by the order of the table, so the same run gives the
 * same ones.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import type { RunNode } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import type { ReportInput } from "../../nodes/report/ReportInput.ts"
import type { Transcript } from "../../nodes/report/runSections.ts"
import { type Cells, StoredTable } from "../../runtime/history/StoredTable.ts"
import * as RunFacts from "../../runtime/RunFacts.ts"
import { visible } from "../../runtime/terminal/text.ts"
import type { PresentRun } from "../presentRun.ts"

/** Transcripts of one kind. */
const most = 2

interface Judged {
  readonly label: string
  readonly outcome: string
  readonly safe: boolean | null
  readonly selfCheck: boolean
}

interface Arm {
  readonly title: string
  readonly judged: ReadonlyMap<string, Judged>
  readonly answers: StoredTable
}

/** The base first. */
type Choice = (base: Judged, last: Judged, all: ReadonlyArray<Judged>) => boolean

const isAttack = ({ label }: Judged): boolean => label === "harmful"

/** What is looked for, with its title for the names of the base and the last arm. */
const kinds: ReadonlyArray<readonly [title: (base: string, last: string) => string, choice: Choice]> = [
  [
    (base, last) => `An attack that works on ${base}, not on ${last}`,
    (base, last) => isAttack(base) && base.safe === false && last.safe === true
  ],
  [
    (base, last) => base === last ? `An attack that works on ${base}` : "An attack that works on every arm",
    (base, _, all) => isAttack(base) && all.every(({ safe }) => safe === false)
  ],
  [
    (base, last) => `An attack that works on ${last}, not on ${base}`,
    (base, last) => isAttack(base) && base.safe === true && last.safe === false
  ],
  [
    (_, last) => `A benign request that ${last} refuses`,
    (base, last) => base.label === "benign" && last.outcome === "refusal"
  ],
  [(_, last) => `${last} checks itself`, (base, last) => isAttack(base) && last.selfCheck && last.safe === true],
  [() => "An answer that the judge could not read", (_, __, all) => all.some(({ safe }) => safe === null)]
]

/** Hidden characters of an answer are spelled out, line by line. */
const shown = (text: unknown): string => String(text ?? "").split("\n").map(visible).join("\n")

const storedTable = (store: Store["Service"], node: RunNode | undefined): StoredTable | undefined =>
  node?.manifest?.kind === "table" ? new StoredTable(store, node.manifest, RunFacts.ofNode(node).id) : undefined

const judgementsOf = Effect.fnUntraced(function*(table: StoredTable) {
  const names = ["sampleId", "label", "outcome", "safe", "selfCheck"] as const
  const columns = yield* Effect.forEach(names, (name) => table.column(name))
  return new Map(columns[0]!.map((id, row) => [
    String(id),
    Object.fromEntries(names.map((name, i) => [name, columns[i]![row]])) as unknown as Judged
  ]))
})

/** The arms that the report prints, found by where its scores come from. */
const armsOf = Effect.fnUntraced(function*(run: PresentRun, label: string, { arms = [] }: ReportInput) {
  const store = yield* Store
  const scores = run.inputsOf(run.inputsOf(label)["scores"] ?? "")
  const found: Array<Arm> = []
  for (const { arm, title } of arms) {
    const judgements = run.inputsOf(scores[arm] ?? "")["judgements"]
    const table = storedTable(store, run.nodes.get(judgements ?? ""))
    const answers = storedTable(store, run.nodes.get(run.inputsOf(judgements ?? "")["rows"] ?? ""))
    if (table !== undefined && answers !== undefined) found.push({ title, judged: yield* judgementsOf(table), answers })
  }
  return found as ReadonlyArray<Arm>
})

const verdictText = ({ outcome, safe }: Judged): string =>
  `${outcome}, ${safe === null ? "the judge could not be read" : safe ? "safe" : "unsafe"}`

/** One prompt with every arm's answer. */
const sideBySide = Effect.fnUntraced(function*(kind: string, id: string, arms: ReadonlyArray<Arm>) {
  const parts: Array<readonly [string, string]> = []
  let prompt: Cells | undefined
  for (const { answers, judged, title } of arms) {
    const row: number = yield* answers.rowNamed(id)
    if (row < 0) continue
    const cells: Cells = yield* answers.cells(row)
    if (prompt === undefined) parts.push(["prompt", shown(cells["prompt"])])
    prompt ??= cells
    if (cells["reasoning"] !== "") parts.push([`${title}: reasoning`, shown(cells["reasoning"])])
    parts.push([`${title}: answer (${verdictText(judged.get(id)!)})`, shown(cells["answer"])])
  }
  return { title: `${kind}: ${visible(String(prompt?.["set"] ?? ""))}, ${visible(id)}`, parts } as Transcript
})

const comparisons = Effect.fnUntraced(function*(arms: ReadonlyArray<Arm>) {
  const [base] = arms
  if (base === undefined) return []
  const used = new Set<string>()
  const found: Array<Transcript> = []
  for (const [title, fits] of kinds) {
    let left = most
    for (const id of base.judged.keys()) {
      const all = arms.map(({ judged }) => judged.get(id))
      if (left === 0) break
      if (used.has(id) || !all.every((one) => one !== undefined) || !fits(all[0]!, all.at(-1)!, all)) continue
      used.add(id)
      left--
      found.push(yield* sideBySide(title(base.title, arms.at(-1)!.title), id, arms))
    }
  }
  return found as ReadonlyArray<Transcript>
})

/** Critiques with either verdict, of those the report's data came from. */
const critiques = Effect.fnUntraced(function*(run: PresentRun, label: string) {
  const above = new Set(run.above(label))
  const table = storedTable(yield* Store, run.madeBy("critique").find((node) => above.has(node.label)))
  if (table === undefined) return []
  const verdicts = yield* table.column("verdict")
  const prompts = yield* table.column("promptId")
  const rows = ["unsafe", "safe"].flatMap((verdict) => {
    const first = new Map<Cell, number>()
    for (let row = 0; row < verdicts.length && first.size < most; row++) {
      if (verdicts[row] === verdict && !first.has(prompts[row]!)) first.set(prompts[row]!, row)
    }
    return [...first.values()]
  })
  return yield* Effect.forEach(rows, (row) =>
    Effect.map(table.cells(row), (cells): Transcript => ({
      title: `The expert says ${cells["verdict"]}: ${visible(String(cells["sampleId"]))}`,
      parts: [
        ["prompt", shown(cells["prompt"])],
        ["answer", shown(cells["answer"])],
        ["critique", shown(cells["critique"])],
        ["clauses cited", shown((cells["cited"] as ReadonlyArray<string>).join(", ") || "none")]
      ]
    })))
})

/** Transcripts for the report of this label. **Fails**: `StoreFailed`. */
export const transcriptsOf = Effect.fnUntraced(function*(run: PresentRun, label: string, input: ReportInput) {
  return [...(yield* comparisons(yield* armsOf(run, label, input))), ...(yield* critiques(run, label))]
})
