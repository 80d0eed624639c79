/**
 * What a run would do and why, before it does it: one pass over the graph with the resolver the engine uses. A vertex is
 * fresh, stale with reasons, or waiting when its key cannot be known yet because an input will be computed again.
 * Prices come from recorded history, else from what services estimate; waiting nodes count in the upper bound only.
 */
import * as Effect from "effect/Effect"
import type { Action, TableManifest } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import { type NodeDefinition, rowsPort } from "./Definition.ts"
import { execute, type Executed, type ExecuteOptions } from "./Execute.ts"
import { lostIn } from "./failure.ts"
import type { Graph, Vertex } from "./Graph.ts"
import { sideOf } from "./Inputs.ts"
import { type Cost, priceOf } from "./Price.ts"
import type { Known, Resolved, Resolver } from "./Resolver.ts"
import { keyTable } from "./rows/keyTable.ts"
import { RowFunction } from "./rows/RowFunction.ts"
import type { Used } from "./Used.ts"
import type { Reason } from "./Why.ts"

export type { Cost } from "./Price.ts"

export interface Entry {
  readonly vertex: Vertex
  readonly state: "fresh" | "stale" | "waiting"
  readonly resolved: Resolved | undefined
  readonly why: ReadonlyArray<Reason>
  /** Rows that would run, of how many; undefined where neither is known. */
  readonly rows: { readonly toRun: number; readonly total: number } | undefined
  readonly cost: Cost | undefined
}

export interface Plan {
  /** In topological order, sources left out. */
  readonly entries: ReadonlyArray<Entry>
  readonly knowns: ReadonlyMap<number, Known>
  /** Nodes outside the selection. */
  readonly unselected: ReadonlyArray<Entry>
  /** Nodes that `plan` itself executed because they are instant. */
  readonly executed: ReadonlyArray<Entry>
  /** What became of them, by vertex: another run may have made a result at the same time. */
  readonly instant: ReadonlyMap<number, Executed>
}

export interface PlanOptions extends ExecuteOptions {
  readonly graph: Graph
  readonly resolver: Resolver
  /** Indices of the vertices this is about; all without it. */
  readonly selected?: ReadonlySet<number> | undefined
  /** Count the rows that would run and price them; costs reading the inputs of stale row nodes, and history. */
  readonly countRows: boolean
  /** Results with this label in past runs, newest first. */
  readonly history: (label: string) => Effect.Effect<ReadonlyArray<Action>>
  /** The last result with this label. */
  readonly lastAction: (label: string) => Effect.Effect<Action | undefined>
}

/** Undefined where an input was lost: the run makes it again, the plan only says less. */
const countRows = Effect.fnUntraced(
  function*(vertex: Vertex, resolved: Resolved, inputs: { readonly [port: string]: Known }) {
    const store = yield* Store
    const rowFunction = new RowFunction(vertex, resolved.parts, yield* sideOf(vertex, inputs))
    const memo = yield* store.openMemo(rowFunction.key)
    const table = inputs[rowsPort]!.manifest as TableManifest
    const { distinct, missing } = yield* keyTable(rowFunction, table, memo.find)
    return { total: distinct, toRun: missing.reduce((sum, rows) => sum + rows.length, 0) }
  },
  Effect.scoped,
  Effect.catchCause((cause) => lostIn(cause) === undefined ? Effect.failCause(cause) : Effect.succeed(undefined))
)

/** Rows a node is expected to yield, from what is known upstream and what definitions promise. */
const expectedRows = (vertex: Vertex, expected: ReadonlyMap<number, number | undefined>): number | undefined => {
  const definition = vertex.definition as NodeDefinition
  const inputs = Object.fromEntries(
    Object.entries(vertex.inputs).map(([port, input]) => [port, expected.get(input.index)])
  )
  return definition.rows?.(inputs, vertex.params) ?? (definition.kind === "rows" ? inputs[rowsPort] : undefined)
}

/** From past results of the node, else from the first of its services that states a price. */
const costOf = Effect.fnUntraced(function*(
  vertex: Vertex,
  services: ReadonlyArray<Used>,
  rows: Entry["rows"],
  options: PlanOptions
) {
  if (!options.countRows) return undefined
  const estimate = services.find((service) => service.estimate !== undefined)?.estimate
  return priceOf(yield* options.history(vertex.label), rows?.toRun, estimate)
})

/** Makes the plan. Runs nothing but instant nodes. */
export const make = Effect.fnUntraced(function*(options: PlanOptions) {
  const knowns = new Map<number, Known>()
  const expected = new Map<number, number | undefined>()
  const entries: Array<Entry> = []
  const executed: Array<Entry> = []
  const instant = new Map<number, Executed>()

  const settle = (vertex: Vertex, known: Known) => {
    knowns.set(vertex.index, known)
    expected.set(vertex.index, known.manifest?.kind === "table" ? known.manifest.rows : undefined)
  }

  const waiting = Effect.fnUntraced(function*(vertex: Vertex, inputs: ReadonlyArray<Vertex>) {
    const definition = vertex.definition as NodeDefinition
    // a statement needs no data to be checked: a typing error must not wait for hours of rollouts
    if (definition.kind === "sql") yield* options.resolver.check(vertex)
    const total = expectedRows(vertex, expected)
    expected.set(vertex.index, total)
    const rows = total === undefined || definition.kind !== "rows" ? undefined : { total, toRun: total }
    const services = definition.uses.flatMap((key) => options.services.mapUnsafe.get(key.key) ?? [])
    const entry: Entry = {
      vertex,
      state: "waiting",
      resolved: undefined,
      why: [{ part: "waiting", text: `waits for ${inputs.map((input) => input.label).join(", ")}` }],
      rows,
      cost: yield* costOf(vertex, services, rows, options)
    }
    return entry
  })

  const stale = Effect.fnUntraced(
    function*(vertex: Vertex, resolved: Resolved, inputs: { readonly [port: string]: Known }) {
      const { kind } = vertex.definition
      const { why } = resolved.state as Extract<Resolved["state"], { fresh: false }>
      const rows = kind === "rows" && options.countRows ? yield* countRows(vertex, resolved, inputs) : undefined
      expected.set(
        vertex.index,
        kind === "rows" ? (inputs[rowsPort]!.manifest as TableManifest).rows : expectedRows(vertex, expected)
      )
      const cost = yield* costOf(vertex, resolved.services, rows, options)
      return { vertex, state: "stale", resolved, why, rows, cost } as Entry
    }
  )

  for (const vertex of options.graph.vertices) {
    const { definition } = vertex
    if (definition.kind === "source") {
      knowns.set(vertex.index, { content: yield* definition.identify, manifest: undefined })
      continue
    }
    const unknown = Object.values(vertex.inputs).filter((input) => !knowns.has(input.index))
    if (unknown.length > 0) {
      entries.push(yield* waiting(vertex, unknown))
      continue
    }
    const inputs: { [port: string]: Known } = {}
    for (const port in vertex.inputs) inputs[port] = knowns.get(vertex.inputs[port]!.index)!
    const resolved = options.resolver.peek(vertex, inputs) ?? (yield* options.resolver.resolve(vertex, inputs))
    if (resolved.state.fresh) {
      const { manifest } = resolved.state.action
      settle(vertex, { content: manifest.content, manifest })
      entries.push({ vertex, state: "fresh", resolved, why: [], rows: undefined, cost: undefined })
    } else if (definition.instant === true) {
      const done = yield* Effect.scoped(
        Effect.tap(execute(vertex, resolved, inputs, options), ({ durable }) => durable)
      )
      settle(vertex, done.known)
      const { why } = resolved.state
      const entry: Entry = { vertex, state: "fresh", resolved, why, rows: undefined, cost: undefined }
      entries.push(entry)
      executed.push(entry)
      instant.set(vertex.index, done)
    } else entries.push(yield* stale(vertex, resolved, inputs))
  }
  const { selected } = options
  const isSelected = ({ vertex }: Entry) => selected === undefined || selected.has(vertex.index)
  return {
    entries: entries.filter(isSelected),
    unselected: selected === undefined ? [] : entries.filter((entry) => !isSelected(entry)),
    knowns,
    executed,
    instant
  } satisfies Plan
})
