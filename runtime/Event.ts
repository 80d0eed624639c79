/**
 * What a run says while it runs: one schema an event, the same for the terminal, `--json`, the event log and tests that
 * assert what ran. Events are plain JSON; the first of a run is `RunStarted`, the last `RunFinished`. Who shows or keeps
 * them is in `terminal/` and `EventLog.ts`; `docs/events.md` is made from the descriptions here.
 */
import * as Context from "effect/Context"
import * as Schema from "effect/Schema"

const text = (description: string) => Schema.String.annotate({ description })
const amount = (description: string) => Schema.Finite.annotate({ description })
const count = (description: string) => Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).annotate({ description })

const label = text("the node, as `ls` names it; an arm of a sweep carries its point: `verifySft[fraction=0.25]`")
const key = text("the node's key, 64 hexadecimal digits")
const usd = amount("US dollars that services reported")

/** Nodes of a run by what became of them; sources do not count. */
export const NodeCounts = Schema.Struct({
  total: count("nodes of the graph"),
  ran: count("nodes whose result this run made"),
  fresh: count("nodes whose result was in the cache"),
  failed: count("nodes that failed"),
  skipped: count("nodes that were not reached")
})
export type NodeCounts = typeof NodeCounts.Type

/** Rows of row nodes by what became of them; rows with equal keys count once. */
export const RowCounts = Schema.Struct({
  ran: count("rows whose result this run made"),
  fresh: count("rows whose result was in the cache"),
  failed: count("rows without a result"),
  retries: Schema.optionalKey(count("attempts that failed and were made again; absent where there were none"))
})
export type RowCounts = typeof RowCounts.Type

/** Why a run started nothing new before it was done. */
export const Stop = Schema.Struct({
  reason: Schema.Literals(["interrupted", "budget"]).annotate({
    description: "`interrupted` by a signal, or the `budget` was reached"
  }),
  text: text("the same in words")
})
export type Stop = typeof Stop.Type

const RunStarted = Schema.Struct({
  event: Schema.Literal("RunStarted"),
  run: text("the run's name, as `ls --runs` lists it"),
  experiment: text("the experiment file below the project, without its ending"),
  nodes: count("nodes of the graph, sources left out")
}).annotate({ identifier: "RunStarted", description: "The run begins: the graph is planned, nothing has run yet." })

const NodeFresh = Schema.Struct({
  event: Schema.Literal("NodeFresh"),
  label,
  key,
  rows: Schema.optionalKey(count("rows of its table"))
}).annotate({ identifier: "NodeFresh", description: "The cache holds the node's result; nothing runs." })

const NodeStarted = Schema.Struct({
  event: Schema.Literal("NodeStarted"),
  label,
  key,
  why: text("what differs from its last result, as `why` says it")
}).annotate({ identifier: "NodeStarted", description: "The node's inputs are there and it begins." })

const NodeWaiting = Schema.Struct({
  event: Schema.Literal("NodeWaiting"),
  label,
  key,
  for: text("what it waits for, for example `another run on this cache`"),
  rows: Schema.optionalKey(count("rows that another run is at; absent where it is the whole node"))
}).annotate({
  identifier: "NodeWaiting",
  description: "Another run on this cache is at the same work; this one waits for its result instead of doing it twice."
})

const RowsFound = Schema.Struct({
  event: Schema.Literal("RowsFound"),
  label,
  total: count("distinct rows of its input"),
  fresh: count("of them, those whose result is in the cache"),
  toRun: count("of them, those that run now")
}).annotate({ identifier: "RowsFound", description: "A row node has looked its rows up." })

const RowRetried = Schema.Struct({
  event: Schema.Literal("RowRetried"),
  label,
  row: text("the row, by its id cells joined with `/`; empty where a call of a node without rows is meant"),
  attempt: count("the attempt that failed, from 1"),
  class: text("`rate-limit`, `server`, `network` or `timeout`"),
  delayMs: amount("milliseconds until the next attempt"),
  reason: text("what the service said")
}).annotate({ identifier: "RowRetried", description: "An attempt failed in a way that passes; it is made again." })

const RowFailed = Schema.Struct({
  event: Schema.Literal("RowFailed"),
  label,
  row: text("the row, by its id cells joined with `/`"),
  reason: text("why it has no result")
}).annotate({ identifier: "RowFailed", description: "A row has no result; the next run tries it again." })

const Progress = Schema.Struct({
  event: Schema.Literal("Progress"),
  label,
  done: count("rows or steps that are done, of those that run now; durable for rows"),
  total: count("rows or steps that run now; 0 where it is not known"),
  detail: Schema.optionalKey(text("a few words of the node's own, for example `loss 0.51`")),
  usd: Schema.optionalKey(amount("US dollars that this node has cost in this run so far"))
}).annotate({
  identifier: "Progress",
  description: "How far a node is. The log keeps at most two a second of a node, always the latest."
})

const NodeFinished = Schema.Struct({
  event: Schema.Literal("NodeFinished"),
  label,
  key,
  durationMs: amount("milliseconds from its start to its published result"),
  usd,
  rows: Schema.optionalKey(RowCounts.annotate({ description: "of a row node: its rows" })),
  unchanged: Schema.Boolean.annotate({
    description: "the result equals the node's previous one, so what lies below stays fresh"
  }),
  shared: Schema.optionalKey(
    Schema.Literal(true).annotate({ description: "another run on this cache made it meanwhile; nothing ran here" })
  )
}).annotate({ identifier: "NodeFinished", description: "The node has a result and it is durable." })

const NodeFailed = Schema.Struct({
  event: Schema.Literal("NodeFailed"),
  label,
  reason: text("what failed and what to do next, over several lines")
}).annotate({ identifier: "NodeFailed", description: "The node has no result; its finished rows are kept." })

const NodeSkipped = Schema.Struct({
  event: Schema.Literal("NodeSkipped"),
  label,
  because: text("the node that failed or was stopped")
}).annotate({ identifier: "NodeSkipped", description: "The node needs the result of one that has none." })

const Nondeterministic = Schema.Struct({ event: Schema.Literal("Nondeterministic"), label, key }).annotate({
  identifier: "Nondeterministic",
  description: "The node gave another result than before for the same key. The first one stays."
})

const RunStopped = Schema.Struct({ event: Schema.Literal("RunStopped"), ...Stop.fields }).annotate({
  identifier: "RunStopped",
  description: "Nothing new starts any more; rows in flight are finished and kept."
})

const RunFinished = Schema.Struct({
  event: Schema.Literal("RunFinished"),
  ok: Schema.Boolean.annotate({ description: "every node has a result" }),
  stopped: Schema.optionalKey(Stop.annotate({ description: "why it ended before it was done, where it was stopped" })),
  nodes: NodeCounts.annotate({ description: "its nodes" }),
  rows: RowCounts.annotate({ description: "rows of all its row nodes" }),
  durationMs: amount("milliseconds of the whole run"),
  usd
}).annotate({ identifier: "RunFinished", description: "The run has ended. A run that was killed has no such line." })

/** Every event, in the order in which a run may say them. */
export const Event = Schema.Union([
  RunStarted,
  NodeFresh,
  NodeStarted,
  NodeWaiting,
  RowsFound,
  RowRetried,
  RowFailed,
  Progress,
  NodeFinished,
  NodeFailed,
  NodeSkipped,
  Nondeterministic,
  RunStopped,
  RunFinished
]).annotate({ identifier: "Event" })
export type Event = typeof Event.Type

/** The event of one name. */
export type On<Name extends Event["event"]> = Extract<Event, { readonly event: Name }>

/** Where events go; called synchronously, must not throw. */
export const Emit = Context.Reference<(event: Event) => void>("sinternal/runtime/Event/Emit", {
  defaultValue: () => () => undefined
})
