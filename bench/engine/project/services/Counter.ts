/**
 * How a body says that it ran: one byte in a file outside, so that executions are counted instead of believed. The tag
 * alone, apart from its layer: what nodes reach must not change when counting does.
 */
import * as Context from "effect/Context"
import type { Used } from "../../../../runtime/Used.ts"

export class Counter extends Context.Service<
  Counter,
  Used & {
    /** A node of the graph or a row ran; appends `x`. */
    readonly executed: () => void
    /** A source was read into a table; appends `r`, which no workload counts as an execution. */
    readonly read: () => void
  }
>()("bench/engine/Counter") {}
