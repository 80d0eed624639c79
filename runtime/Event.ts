/**
 * What a run says while it runs: one union, the same for the terminal, `--json`, the event log and tests that assert
 * what ran. Events are plain JSON; the last one of a run is `RunFinished`.
 */
import * as Context from "effect/Context"

export interface NodeCounts {
  readonly total: number
  readonly ran: number
  readonly fresh: number
  readonly failed: number
  readonly skipped: number
}

export interface RowCounts {
  readonly ran: number
  readonly fresh: number
  readonly failed: number
}

export type Event =
  | { readonly event: "RunStarted"; readonly run: string; readonly experiment: string; readonly nodes: number }
  | { readonly event: "NodeFresh"; readonly label: string; readonly key: string; readonly rows?: number }
  | { readonly event: "NodeStarted"; readonly label: string; readonly key: string; readonly why: string }
  | {
    readonly event: "RowsFound"
    readonly label: string
    readonly total: number
    readonly fresh: number
    readonly toRun: number
  }
  | { readonly event: "RowFailed"; readonly label: string; readonly row: string; readonly reason: string }
  | {
    readonly event: "Progress"
    readonly label: string
    readonly done: number
    readonly total: number
    readonly detail?: string
  }
  | {
    readonly event: "NodeFinished"
    readonly label: string
    readonly key: string
    readonly durationMs: number
    readonly usd: number
    readonly rows?: RowCounts
    /** Equal to the previous result: what lies downstream stays fresh. */
    readonly unchanged: boolean
    /** Another run on this cache did it meanwhile; nothing ran here. */
    readonly shared?: true
  }
  | { readonly event: "NodeFailed"; readonly label: string; readonly reason: string }
  | { readonly event: "NodeSkipped"; readonly label: string; readonly because: string }
  | { readonly event: "Nondeterministic"; readonly label: string; readonly key: string }
  | {
    readonly event: "RunFinished"
    readonly ok: boolean
    readonly nodes: NodeCounts
    readonly rows: RowCounts
    readonly durationMs: number
    readonly usd: number
  }

/** Where events go; called synchronously, must not throw. */
export const Emit = Context.Reference<(event: Event) => void>("sinternal/runtime/Event/Emit", {
  defaultValue: () => () => undefined
})
