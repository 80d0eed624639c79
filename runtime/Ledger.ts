/**
 * What a run has done so far, in one place: counts, cost, failures, and the record that `ls`, `show` and `why` read. Every
 * entry is an event too. The engine decides what happens; the ledger only writes it down.
 */
import type { RunNode } from "../cache/Manifest.ts"
import type { StoreFailed } from "../cache/StoreFailed.ts"
import type { NodeDefinition } from "./Definition.ts"
import { type DecisionNeeded, NodeFailed, type PlanRefused, type SourceFailed } from "./Error.ts"
import type { Event, NodeCounts, RowCounts, Stop } from "./Event.ts"
import type { Executed } from "./Execute.ts"
import type { Vertex } from "./Graph.ts"
import type { Known, Resolved } from "./Resolver.ts"
import { ofVertex } from "./RunFacts.ts"

export type Failure = NodeFailed | SourceFailed | PlanRefused | DecisionNeeded | StoreFailed

export interface LedgerOptions {
  readonly run: string
  readonly experiment: string
  readonly startedMs: number
  /** Nodes of the graph, sources left out, in topological order. */
  readonly nodes: ReadonlyArray<Vertex>
  /** Extra fields of the record, for example settings. */
  readonly record: { readonly [field: string]: unknown }
  readonly emit: (event: Event) => void
}

/** A record is written at most this often while nodes finish, and always at the end. */
const recordEveryMs = 1000

export class Ledger {
  readonly #options: LedgerOptions
  readonly #records = new Map<number, RunNode>()
  readonly #nodes = { ran: 0, fresh: 0, failed: 0 }
  readonly #failed = new Set<number>()
  readonly #rows = { ran: 0, fresh: 0, failed: 0, retries: 0 }
  #recordedMs = -Infinity
  usd = 0
  /** In the order they happened. */
  readonly failures: Array<Failure> = []

  constructor(options: LedgerOptions) {
    this.#options = options
  }

  get nodes(): NodeCounts {
    const total = this.#options.nodes.length
    const { failed, fresh, ran } = this.#nodes
    return { total, ran, fresh, failed, skipped: total - ran - fresh - failed }
  }

  get rows(): RowCounts {
    const { retries, ...rows } = this.#rows
    return retries === 0 ? rows : { ...rows, retries }
  }

  /** The cache held the result. */
  fresh(vertex: Vertex, { key }: Resolved, known: Known): void {
    this.#nodes.fresh++
    const rows = known.manifest?.kind === "table" ? { rows: known.manifest.rows } : {}
    this.#options.emit({ event: "NodeFresh", label: vertex.label, key, ...rows })
    this.#remember(vertex, "fresh", key, known)
  }

  started(vertex: Vertex, { key }: Resolved, why: string): void {
    this.#options.emit({ event: "NodeStarted", label: vertex.label, key, why })
  }

  /** An instant node that the plan executed already, or that another run made at the same time. */
  instant(vertex: Vertex, { key }: Resolved, { known, shared }: Executed): void {
    const state = shared ? "fresh" : "ran"
    this.#nodes[state]++
    const finished = {
      event: "NodeFinished",
      label: vertex.label,
      key,
      durationMs: 0,
      usd: 0,
      unchanged: false
    } as const
    this.#options.emit({ ...finished, ...(shared ? { shared: true } : {}) })
    this.#remember(vertex, state, key, known)
  }

  /** A result was made by this run, or by another at the same time. */
  finished(vertex: Vertex, resolved: Resolved, why: ReadonlyArray<string>, done: Executed): void {
    const { action, counts, known, nondeterministic, shared } = done
    this.#nodes[shared ? "fresh" : "ran"]++
    this.usd += action.usage.usd
    this.#addRows(counts)
    const { key, state } = resolved
    if (nondeterministic) this.#options.emit({ event: "Nondeterministic", label: vertex.label, key })
    const rows = counts === undefined ? {} : { rows: counts }
    this.#options.emit({
      event: "NodeFinished",
      label: vertex.label,
      key,
      durationMs: action.durationMs,
      usd: action.usage.usd,
      ...rows,
      unchanged: !state.fresh && state.previous?.manifest.content === known.content,
      ...(shared ? { shared: true } : {})
    })
    this.#remember(vertex, shared ? "fresh" : "ran", key, known, { why, ...rows })
  }

  /** A result that counted as there was lost and has been made again. */
  remade(vertex: Vertex, resolved: Resolved, why: string, done: Executed): void {
    this.#nodes[this.#records.get(vertex.index)?.state === "fresh" ? "fresh" : "ran"]--
    this.finished(vertex, resolved, [why], done)
  }

  failed(vertex: Vertex, failure: Failure): void {
    this.#nodes.failed++
    this.#failed.add(vertex.index)
    if (failure instanceof NodeFailed) this.#addRows(failure.rows)
    this.failures.push(failure)
    this.#note(vertex, { state: "failed", reason: failure.message })
    this.#options.emit({ event: "NodeFailed", label: vertex.label, reason: failure.message })
  }

  hasFailed(vertex: Vertex): boolean {
    return this.#failed.has(vertex.index)
  }

  /** Nothing new starts any more. */
  stopped(stop: Stop): void {
    this.#options.emit({ event: "RunStopped", ...stop })
  }

  skipped(vertex: Vertex, because: string): void {
    this.#note(vertex, { state: "skipped", because })
    this.#options.emit({ event: "NodeSkipped", label: vertex.label, because })
  }

  /** Whether enough time has passed that the record of an unfinished run should be written. */
  due(nowMs: number): boolean {
    if (nowMs - this.#recordedMs < recordEveryMs) return false
    this.#recordedMs = nowMs
    return true
  }

  /** The run record as of now; `finish` closes it. */
  record(finish?: { readonly ok: boolean; readonly atMs: number; readonly stopped?: Stop }) {
    const { experiment, nodes, record, run, startedMs } = this.#options
    return {
      run,
      experiment,
      startedAt: new Date(startedMs).toISOString(),
      ...(finish === undefined ? {} : {
        finishedAt: new Date(finish.atMs).toISOString(),
        ok: finish.ok,
        ...(finish.stopped === undefined ? {} : { stopped: finish.stopped })
      }),
      nodes: nodes.flatMap((vertex) => this.#records.get(vertex.index) ?? []),
      ...record
    }
  }

  #addRows(counts: RowCounts | undefined): void {
    this.#rows.ran += counts?.ran ?? 0
    this.#rows.fresh += counts?.fresh ?? 0
    this.#rows.failed += counts?.failed ?? 0
    this.#rows.retries += counts?.retries ?? 0
  }

  /** A node without a result. */
  #note(vertex: Vertex, fields: { readonly state: string; readonly [field: string]: unknown }): void {
    const { name } = vertex.definition as NodeDefinition
    this.#records.set(vertex.index, { label: vertex.label, node: name, ...ofVertex(vertex), ...fields })
  }

  #remember(
    vertex: Vertex,
    state: string,
    key: string,
    { manifest }: Known,
    extra: { readonly [field: string]: unknown } = {}
  ): void {
    const node = (vertex.definition as NodeDefinition).name
    this.#records.set(vertex.index, {
      label: vertex.label,
      node,
      key,
      state,
      ...(manifest === undefined ? {} : { manifest }),
      ...ofVertex(vertex),
      ...extra
    })
  }
}
