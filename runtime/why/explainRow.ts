/**
 * Why one row of a row node has a result or would run: what its key is made of now, against the row of the same name
 * when the node last had a result, and against the runs before as long as the key is the same.
 */
import * as Effect from "effect/Effect"
import type { Cell } from "../../cache/Columns.ts"
import type { Action, RunRecord } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { isLost } from "../../cache/StoreFailed.ts"
import { type RowsDefinition, rowsPort } from "../Definition.ts"
import { sameCell } from "../diff/compareColumn.ts"
import { ExperimentInvalid } from "../Error.ts"
import type { Vertex } from "../Graph.ts"
import type { Cells } from "../history/StoredTable.ts"
import type { KeyParts } from "../Key.ts"
import { rowFunctionKey } from "../Key.ts"
import type { Entry, Plan } from "../Plan.ts"
import type { Known } from "../Resolver.ts"
import { storedAction } from "../storedAction.ts"
import { type Difference, differences, differingPaths, type Reason, type StoredParts } from "../Why.ts"
import { inputThen, keyPartsOf } from "./inputThen.ts"
import { type Inputs, type RowSeen, rowSeen } from "./rowSeen.ts"

export interface RowExplained {
  readonly row: string
  readonly key: string
  readonly state: "fresh" | "failed" | "stale"
  /** The earliest run, without a gap before the latest, in which the row had this key. */
  readonly since?: string
  readonly failed?: { readonly attempts: number; readonly reason: string }
  /** What the row reads now. */
  readonly cells: Cells
  readonly given?: unknown
  /** The run that made the last result of this node; what follows is against it. */
  readonly against?: string
  /** Cells that are not what they were. */
  readonly changedCells: ReadonlyArray<{ readonly column: string; readonly from: Cell; readonly to: Cell }>
  /** What it is given and was not, by the path in it. */
  readonly changedGiven: ReadonlyArray<Difference>
  /** What all rows share and has changed: code, parameters, services, … */
  readonly function: ReadonlyArray<Reason>
  /** The row was not there, or what was there is not known any more. */
  readonly note?: string
}

/** The row that is asked about, and what its node would be computed from. */
interface Subject {
  readonly vertex: Vertex
  readonly parts: KeyParts
  readonly inputs: Inputs
  readonly name: string
}

/** Results of this node by the runs of its experiment, latest first, each once. */
const pastActions = Effect.fnUntraced(function*(runs: ReadonlyArray<RunRecord>, label: string) {
  const keys = new Set(runs.flatMap(({ nodes }) => nodes.find((node) => node.label === label)?.key ?? []))
  const actions: Array<Action> = []
  for (const key of keys) {
    const action = yield* storedAction(key)
    if (action !== undefined) actions.push(action)
  }
  return actions
})

/** The inputs of a past result; `undefined` where one is not known any more. */
const inputsThen = (
  { inputs: now, vertex }: Subject,
  runs: ReadonlyArray<RunRecord>,
  action: Action
): Inputs | undefined => {
  const inputs: { [port: string]: Known } = {}
  for (const [port, input] of Object.entries(vertex.inputs)) {
    const part = keyPartsOf(action).inputs[port]
    if (part !== undefined && "content" in part && part.content === now[port]!.content) {
      inputs[port] = now[port]! // a source keeps no result of its own
      continue
    }
    const manifest = inputThen(runs, action, port, input.label)
    if (manifest === undefined) return undefined
    inputs[port] = { content: manifest.content, manifest }
  }
  return inputs
}

const withoutInputs = ({ key, ...parts }: StoredParts): StoredParts => ({ ...parts, key: { ...key, inputs: {} } })

/** What the inputs of a past result showed the row, under what is computed from them now; its bytes may be gone. */
const seenThen = (subject: Subject, runs: ReadonlyArray<RunRecord>, action: Action) => {
  const inputs = inputsThen(subject, runs, action)
  if (inputs === undefined) return Effect.succeed("unknown" as const)
  const { name, parts, vertex } = subject
  return Effect.catchIf(rowSeen(vertex, parts, inputs, name), isLost, () => Effect.succeed("unknown" as const))
}

/** What is given, with a folder as its kind and content: where it lies is no part of a key. */
const withoutPaths = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPaths)
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  if ("content" in value && "path" in value && "kind" in value) {
    return `${String(value.kind)} ${String(value.content).slice(0, 8)}`
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutPaths(inner)]))
}

const changedCells = (before: Cells, after: Cells): RowExplained["changedCells"] =>
  Object.entries(after).flatMap(([column, to]) => {
    const from = before[column] ?? null
    return sameCell(from, to) ? [] : [{ column, from, to }]
  })

/** Lists of what is given are compared item by item: a clause that changed is one difference. */
const givenPaths = (before: unknown, after: unknown): ReadonlyArray<Difference> => {
  if (!Array.isArray(before) || !Array.isArray(after)) return differingPaths(before, after)
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index).flatMap((index) =>
    differingPaths(before[index], after[index], `[${index}]`)
  )
}

/** The first of the results that follow each other from the latest on and have the row under this key. */
const sinceWhen = Effect.fnUntraced(
  function*(subject: Subject, runs: ReadonlyArray<RunRecord>, past: ReadonlyArray<Action>, key: string) {
    let since: string | undefined
    for (const action of past) {
      if (rowFunctionKey(keyPartsOf(action)) !== rowFunctionKey(subject.parts)) break
      const seen: RowSeen | "unknown" | undefined = yield* seenThen(subject, runs, action)
      if (seen === undefined || seen === "unknown" || seen.key !== key) break
      since = action.run
    }
    return since
  }
)

/** What is against the last result of the node. */
const against = Effect.fnUntraced(
  function*(subject: Subject, stored: StoredParts, runs: ReadonlyArray<RunRecord>, last: Action, now: RowSeen) {
    const then: RowSeen | "unknown" | undefined = yield* seenThen(subject, runs, last)
    const known = then === undefined || then === "unknown" ? undefined : then
    const sameFunction = rowFunctionKey(keyPartsOf(last)) === rowFunctionKey(stored.key)
    return {
      against: last.run,
      changedCells: known === undefined ? [] : changedCells(known.cells, now.cells),
      changedGiven: known === undefined ? [] : givenPaths(withoutPaths(known.given), withoutPaths(now.given)),
      function: sameFunction ? [] : differences(withoutInputs(last.parts as StoredParts), withoutInputs(stored), {}),
      ...(then === undefined ? { note: "the row is new" } : {}),
      ...(then === "unknown" ? { note: "what it read then is no longer in the cache" } : {})
    }
  }
)

const reasonOf = (payload: Uint8Array): string => {
  const text = Buffer.from(payload).toString("utf8")
  try {
    return String((JSON.parse(text) as { readonly reason?: unknown }).reason ?? text)
  } catch {
    return text
  }
}

export interface ExplainRowOptions {
  /** The latest runs of this experiment, latest first. */
  readonly runs: ReadonlyArray<RunRecord>
  /** What an action of these parts would keep. */
  readonly stored: (parts: KeyParts) => StoredParts
}

/** Why the row of this name has a result or not. **Fails**: `ExperimentInvalid` where there is no such row. */
export const explainRow = Effect.fnUntraced(
  function*({ resolved, vertex }: Entry, plan: Plan, name: string, { runs, stored }: ExplainRowOptions) {
    const store = yield* Store
    const { definition } = vertex
    const invalid = (reason: string, next: string) => new ExperimentInvalid({ experiment: vertex.label, reason, next })
    if (definition.kind !== "rows") return yield* invalid("it has no rows of its own", "ask for the node without a row")
    if (resolved === undefined) {
      return yield* invalid(
        "what its rows read is not known yet, since a node above it will run",
        `\`pipeline why EXPERIMENT ${vertex.label}\` says what it waits for`
      )
    }
    const inputs: Inputs = Object.fromEntries(
      Object.entries(vertex.inputs).map(([port, input]) => [port, plan.knowns.get(input.index)!])
    )
    const { parts } = resolved
    const now: RowSeen | undefined = yield* rowSeen(vertex, parts, inputs, name)
    if (now === undefined) {
      const id = (definition as RowsDefinition).input.id.join("/")
      return yield* invalid(`there is no row ${name}`, `rows are named by ${id} of ${vertex.inputs[rowsPort]!.label}`)
    }
    const subject: Subject = { vertex, parts, inputs, name }
    const memo = yield* store.openMemo(now.rowFunction.key)
    const failures = memo.failures.get(now.key)
    const fresh = memo.has(now.key)
    const past = yield* pastActions(runs, vertex.label)
    const [last] = past
    const since: string | undefined = fresh
      ? yield* sinceWhen(subject, runs, past, now.key)
      : undefined
    const differing = last === undefined || since !== undefined
      ? { changedCells: [], changedGiven: [], function: [] }
      : yield* against(subject, stored(parts), runs, last, now)
    return {
      row: name,
      key: now.key,
      state: fresh ? "fresh" : failures === undefined ? "stale" : "failed",
      ...(since === undefined ? {} : { since }),
      ...(failures === undefined ? {} : { failed: { attempts: failures.attempts, reason: reasonOf(failures.last) } }),
      cells: now.cells,
      ...(now.given === undefined ? {} : { given: withoutPaths(now.given) }),
      ...differing
    } as RowExplained
  },
  Effect.scoped
)
