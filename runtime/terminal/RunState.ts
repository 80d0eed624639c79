/**
 * What a run looks like now, folded from its events: which nodes run and how far they are, and how many have ended
 * how. The live and the plain reporter draw from it; nothing is printed here.
 */
import type { Event, On } from "../Event.ts"
import { Rate } from "./Rate.ts"

/** A node that runs. */
export interface RunningNode {
  readonly label: string
  readonly why: string
  readonly startedMs: number
  /** Unknown until the node says it; rows that were reused do not count. */
  progress: { readonly done: number; readonly total: number } | undefined
  rate: Rate | undefined
  detail: string
  /** Rows that failed. */
  failed: number
  /** Attempts that failed and are made again. */
  retried: number
  usd: number
}

/** No ETA before this much has been seen. */
const enoughMs = 5000

/** Seconds until the node is done, by its rate; undefined before 5 s of data. */
export const secondsLeft = ({ progress, rate }: RunningNode, nowMs: number): number | undefined => {
  if (progress === undefined || rate === undefined || rate.ageMs(nowMs) < enoughMs) return undefined
  const perSecond = rate.perSecond(nowMs)
  const left = progress.total - progress.done
  return left <= 0 ? 0 : perSecond > 0 ? left / perSecond : undefined
}

export class RunState {
  readonly startedMs: number
  /** By label, in the order they started. */
  readonly running = new Map<string, RunningNode>()
  total = 0
  fresh = 0
  ran = 0
  failed = 0
  skipped = 0
  /** Nothing new starts any more. */
  stopping = false
  /** US dollars, of nodes that have ended and of those that run. */
  endedUsd = 0

  constructor(nowMs: number) {
    this.startedMs = nowMs
  }

  get usd(): number {
    return [...this.running.values()].reduce((sum, node) => sum + node.usd, this.endedUsd)
  }

  /** Takes one event in. Yields the running node it is about, also where the event ends it. */
  apply(event: Event, nowMs: number): RunningNode | undefined {
    if (!("label" in event)) {
      if (event.event === "RunStarted") this.total = event.nodes
      if (event.event === "RunStopped") this.stopping = true
      return undefined
    }
    const node = this.running.get(event.label)
    switch (event.event) {
      case "NodeStarted":
        return this.#start(event.label, event.why, nowMs)
      case "RowsFound":
        return this.#measure(node, 0, event.toRun, nowMs)
      case "Progress":
        return this.#progress(node, event, nowMs)
      case "RowFailed":
        if (node !== undefined) node.failed++
        return node
      case "RowRetried":
        if (node !== undefined) node.retried++
        return node
      case "NodeWaiting":
        if (node !== undefined) node.detail = `waits for ${event.for}`
        return node
      case "NodeFresh":
        this.fresh++
        return undefined
      case "NodeSkipped":
        this.skipped++
        return undefined
      case "NodeFinished":
        this.ran++
        this.endedUsd += event.usd
        this.running.delete(event.label)
        return node
      case "NodeFailed":
        this.failed++
        this.endedUsd += node?.usd ?? 0
        this.running.delete(event.label)
        return node
      default:
        return node
    }
  }

  #start(label: string, why: string, startedMs: number): RunningNode {
    const node = {
      label,
      why,
      startedMs,
      progress: undefined,
      rate: undefined,
      detail: "",
      failed: 0,
      retried: 0,
      usd: 0
    }
    this.running.set(label, node)
    return node
  }

  #measure(node: RunningNode | undefined, done: number, total: number, nowMs: number): RunningNode | undefined {
    if (node === undefined) return undefined
    node.progress = { done, total }
    if (node.rate === undefined) node.rate = new Rate(nowMs, done)
    else node.rate.observe(nowMs, done)
    return node
  }

  #progress(node: RunningNode | undefined, event: On<"Progress">, nowMs: number) {
    if (node === undefined) return undefined
    node.detail = event.detail ?? (node.detail.startsWith("waits for ") ? "" : node.detail)
    node.usd = event.usd ?? node.usd
    return this.#measure(node, event.done, event.total, nowMs)
  }
}
