/**
 * How many rows of a run an edit of its specification touches, before anything runs. A row counts where what its node's
 * own `given` picks from the two versions differs, which is what its key compares; nodes that read the specification as a
 * whole, and those that this file does not know, are named apart.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import type { RunNode } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { critique } from "../../nodes/critique.ts"
import { demonstrate } from "../../nodes/demonstrate.ts"
import { guardVerdicts } from "../../nodes/guardVerdicts.ts"
import { judge, secondJudge } from "../../nodes/judge.ts"
import { labelPrompts } from "../../nodes/labelPrompts.ts"
import { verify } from "../../nodes/verify.ts"
import type { SpecClauseRow } from "../../nodes/text/parseSpec.ts"
import type { RowsDefinition } from "../../runtime/Definition.ts"
import * as RunFacts from "../../runtime/RunFacts.ts"
import { storedAction } from "../../runtime/storedAction.ts"
import type { PresentRun } from "../presentRun.ts"
import { specNodes } from "./runSpec.ts"

export interface TouchedRows {
  readonly label: string
  readonly touched: number
  readonly rows: number
  /** Rows with equal texts run once: how many different ones there are. */
  readonly distinctTouched: number
  readonly distinct: number
}

export interface Touched {
  readonly byRow: ReadonlyArray<TouchedRows>
  /** Labels of nodes that read all clauses: any change of a clause runs them again. */
  readonly whole: ReadonlyArray<string>
  /** Labels of row nodes that choose in a way of their own, or whose records are gone: planning counts their rows. */
  readonly uncounted: ReadonlyArray<string>
}

/** Both versions of a specification. */
export interface Edit {
  readonly before: ReadonlyArray<SpecClauseRow>
  readonly after: ReadonlyArray<SpecClauseRow>
}

/** Row nodes that read the specification, by name. */
const readers = new Map<string, RowsDefinition>(
  [critique, judge, secondJudge, guardVerdicts, labelPrompts, demonstrate, verify].map(({ definition }) => [
    definition.name,
    definition as RowsDefinition
  ])
)

/** The columns of the clauses that a node reads: a change of others does not reach it. */
const readBy = ({ side }: RowsDefinition, clauses: Edit["before"]): ReadonlyArray<unknown> => {
  const type = side["spec"]
  const names = type?.kind === "table" ? Object.keys(type.columns) : []
  return clauses.map((clause) => Object.fromEntries(names.map((name) => [name, clause[name as keyof typeof clause]])))
}

/** What `given` looks at in a row. */
const looked = ["prompt", "answer", "categories"]

/** The parameters a result was made with; undefined where its record is gone. */
const paramsOf = Effect.fnUntraced(function*({ key }: RunNode) {
  const action = key === undefined ? undefined : yield* storedAction(key)
  return (action?.parts as { readonly key?: { readonly params?: unknown } } | undefined)?.key?.params
})

const countRows = Effect.fnUntraced(
  function*(run: PresentRun, node: RunNode, definition: RowsDefinition, edit: Edit) {
    const { given } = definition
    const manifest = run.tableOf(run.inputsOf(node.label)["rows"])
    const params = yield* paramsOf(node)
    if (manifest === undefined || params === undefined || given === undefined) return undefined
    const names = looked.filter((name) => manifest.columns[name] !== undefined)
    const cells = yield* (yield* Store).readTable(manifest, names)
    const [before, after] = [readBy(definition, edit.before), readBy(definition, edit.after)]
    const known = new Map<string, boolean>()
    let touched = 0
    for (let index = 0; index < manifest.rows; index++) {
      const row: { readonly [name: string]: Cell } = Object.fromEntries(
        names.map((name) => [name, cells[name]![index]!])
      )
      const text = JSON.stringify(row)
      const shown = (spec: ReadonlyArray<unknown>) => JSON.stringify(given(row, { spec }, params))
      const differs = known.get(text) ?? shown(before) !== shown(after)
      known.set(text, differs)
      if (differs) touched++
    }
    const distinctTouched = [...known.values()].filter((differs) => differs).length
    return { label: node.label, touched, rows: manifest.rows, distinctTouched, distinct: known.size } as TouchedRows
  }
)

/** Every node of the run that reads its specification. **Fails**: `StoreFailed`. */
export const touchedRows = Effect.fnUntraced(function*(run: PresentRun, edit: Edit) {
  const specs = specNodes(run.nodes.values())
  const byRow: Array<TouchedRows> = []
  const whole: Array<string> = []
  const uncounted: Array<string> = []
  for (const node of run.nodes.values()) {
    const { inputs, kind } = RunFacts.ofNode(node)
    if (!Object.values(inputs).some((input) => specs.has(input))) continue
    const reader = readers.get(node.node)
    const counted = reader === undefined ? undefined : yield* countRows(run, node, reader, edit)
    if (counted !== undefined) byRow.push(counted)
    else if (kind === "rows") uncounted.push(node.label)
    else whole.push(node.label)
  }
  return { byRow, whole, uncounted } as Touched
})
