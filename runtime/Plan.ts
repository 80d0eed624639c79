/**
 * What a run would do and why, before it does it: one pass over the graph with the resolver the engine uses. A vertex is
 * fresh, stale with reasons, or waiting when its key cannot be known yet because an input will be computed again.
 * Prices come from recorded history, else from what services estimate; waiting nodes count in the upper bound only.
 */
import * as Effect from "effect/Effect"
import type { Action, TableManifest } from "../cache/Manifest.ts"
import { Store } from "../cache/Store.ts"
import { type NodeDefinition, readColumns, type RowsDefinition, rowsPort } from "./Definition.ts"
import { execute, type ExecuteOptions } from "./Execute.ts"
import { lostIn } from "./failure.ts"
import type { Graph, Vertex } from "./Graph.ts"
import { sideOf } from "./Inputs.ts"
import type { Known, Resolved, Resolver } from "./Resolver.ts"
import { keyRows } from "./RowEngine.ts"
import type { Used } from "./Used.ts"
import type { Reason } from "./Why.ts"

export interface Cost {
  readonly seconds: number
  readonly usd: number
  /** Where the numbers come from: `history`, or a service's own basis. */
  readonly basis: string
}

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
  /** Nodes that `plan` itself ran because they are instant. */
  readonly executed: ReadonlyArray<Entry>
}

export interface PlanOptions extends ExecuteOptions {
  readonly graph: Graph
  readonly resolver: Resolver
  /** Count the rows that would run; costs reading the inputs of stale row nodes. */
  readonly countRows: boolean
  /** The last action with this label, for prices. */
  readonly lastAction: (label: string) => Effect.Effect<Action | undefined>
}

/** Undefined where an input was lost: the run makes it again, the plan only says less. */
const countRows = Effect.fnUntraced(
  function*(vertex: Vertex, resolved: Resolved, inputs: { readonly [port: string]: Known }) {
    const definition = vertex.definition as RowsDefinition
    const store = yield* Store
    const table = inputs[rowsPort]!.manifest as TableManifest
    const input = yield* store.readTable(table, [...readColumns(definition, rowsPort)!])
    const keyed = keyRows(vertex, resolved.parts, input, table.rows, yield* sideOf(vertex, inputs))
    const memo = yield* store.openMemo(keyed.rowFunction)
    const keys = new Set(keyed.keys)
    return { total: keys.size, toRun: [...keys].filter((key) => !memo.has(key)).length }
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

const priceOf = (services: ReadonlyArray<Used>, last: Action | undefined, rows: Entry["rows"]): Cost | undefined => {
  if (last?.rows !== undefined && last.rows.ran > 0) {
    const count = rows?.toRun ?? last.rows.ran
    return {
      seconds: (last.durationMs / 1000 / last.rows.ran) * count,
      usd: (last.usage.usd / last.rows.ran) * count,
      basis: "history"
    }
  }
  if (last !== undefined && last.rows === undefined) {
    return { seconds: last.durationMs / 1000, usd: last.usage.usd, basis: "history" }
  }
  const estimate = services.find((service) => service.estimate !== undefined)?.estimate
  if (estimate === undefined) return undefined
  const count = rows?.toRun ?? 1
  return { seconds: estimate.secondsPerRow * count, usd: estimate.usdPerRow * count, basis: estimate.basis }
}

/** Makes the plan. Runs nothing but instant nodes. */
export const make = Effect.fnUntraced(function*(options: PlanOptions) {
  const knowns = new Map<number, Known>()
  const expected = new Map<number, number | undefined>()
  const entries: Array<Entry> = []
  const executed: Array<Entry> = []

  for (const vertex of options.graph.vertices) {
    const { definition } = vertex
    if (definition.kind === "source") {
      knowns.set(vertex.index, { content: yield* definition.identify, manifest: undefined })
      continue
    }
    const inputs = Object.fromEntries(
      Object.entries(vertex.inputs).map(([port, input]) => [port, knowns.get(input.index)])
    )
    const unknown = Object.values(vertex.inputs).filter((input) => !knowns.has(input.index))
    if (unknown.length > 0) {
      // a statement needs no data to be checked: a typing error must not wait for hours of rollouts
      if (definition.kind === "sql") yield* options.resolver.check(vertex)
      const total = expectedRows(vertex, expected)
      expected.set(vertex.index, total)
      const rows = total === undefined || definition.kind !== "rows" ? undefined : { total, toRun: total }
      const services = definition.uses.flatMap((key) => options.services.mapUnsafe.get(key.key) ?? [])
      entries.push({
        vertex,
        state: "waiting",
        resolved: undefined,
        why: [{ part: "waiting", text: `waits for ${unknown.map((input) => input.label).join(", ")}` }],
        rows,
        cost: priceOf(services, yield* options.lastAction(vertex.label), rows)
      })
      continue
    }
    const all = inputs as { readonly [port: string]: Known }
    const resolved = yield* options.resolver.resolve(vertex, all)
    if (resolved.state.fresh) {
      const { manifest } = resolved.state.action
      knowns.set(vertex.index, { content: manifest.content, manifest })
      expected.set(vertex.index, manifest.kind === "table" ? manifest.rows : undefined)
      entries.push({ vertex, state: "fresh", resolved, why: [], rows: undefined, cost: undefined })
      continue
    }
    const { previous, why } = resolved.state
    if (definition.instant === true) {
      const done = yield* execute(vertex, resolved, all, options)
      knowns.set(vertex.index, done.known)
      expected.set(vertex.index, done.known.manifest?.kind === "table" ? done.known.manifest.rows : undefined)
      const entry: Entry = { vertex, state: "fresh", resolved, why, rows: undefined, cost: undefined }
      entries.push(entry)
      executed.push(entry)
      continue
    }
    const rows = definition.kind === "rows" && options.countRows ? yield* countRows(vertex, resolved, all) : undefined
    expected.set(
      vertex.index,
      definition.kind === "rows" ? (all[rowsPort]!.manifest as TableManifest).rows : expectedRows(vertex, expected)
    )
    const last = previous ?? (yield* options.lastAction(vertex.label))
    entries.push({ vertex, state: "stale", resolved, why, rows, cost: priceOf(resolved.services, last, rows) })
  }
  return { entries, knowns, executed } satisfies Plan
})
