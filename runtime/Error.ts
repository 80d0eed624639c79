/**
 * The errors of the engine: one per decision a caller can take. Every message says what failed, where, and what to do
 * next; `exitCode` is what the command line ends with (design: 1 a node failed, 2 usage or something missing, 3 budget,
 * 4 needs a decision).
 */
import * as Schema from "effect/Schema"
import { RowCounts } from "./Event.ts"

/** A node's body failed, or some of its rows did. Finished rows are kept. */
export class NodeFailed extends Schema.TaggedError<NodeFailed>()("NodeFailed", {
  label: Schema.String,
  key: Schema.String,
  reason: Schema.String,
  next: Schema.String,
  /** What became of the rows of a row node. */
  rows: Schema.optionalKey(RowCounts)
}) {
  readonly exitCode = 1
  override get message() {
    return `${this.label}${this.key === "" ? "" : ` (${this.key.slice(0, 8)})`} failed: ${this.reason}\n  ${this.next}`
  }
}

/** A stored result that is only looked at has lost bytes. A run mends what it needs; looking does not run anything. */
export class ResultLost extends Schema.TaggedError<ResultLost>()("ResultLost", {
  label: Schema.String,
  damaged: Schema.Boolean
}) {
  readonly exitCode = 1
  override get message() {
    const found = this.damaged ? "is damaged and was moved to quarantine/" : "is not in the cache any more"
    return `${this.label}: part of its result ${found}\n  a run that needs it makes it again; \`pipeline run EXPERIMENT --force ${this.label}\` does so now, all its rows included`
  }
}

/** Something from outside is not there, or is not what its pin says. */
export class SourceFailed extends Schema.TaggedError<SourceFailed>()("SourceFailed", {
  source: Schema.String,
  reason: Schema.String,
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    return `source ${this.source}: ${this.reason}\n  ${this.next}`
  }
}

/** The experiment file or its settings cannot be used as they are. */
export class ExperimentInvalid extends Schema.TaggedError<ExperimentInvalid>()("ExperimentInvalid", {
  experiment: Schema.String,
  reason: Schema.String,
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    return `${this.experiment}: ${this.reason}\n  ${this.next}`
  }
}

/** The graph cannot be planned: code that may not be in a node, SQL that does not bind, two nodes of one name. */
export class PlanRefused extends Schema.TaggedError<PlanRefused>()("PlanRefused", {
  label: Schema.String,
  reason: Schema.String,
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    return `${this.label} cannot be planned: ${this.reason}\n  ${this.next}`
  }
}

/** Servers, keys or tools that the stale part of the graph needs are not there. */
export class ServicesMissing extends Schema.TaggedError<ServicesMissing>()("ServicesMissing", {
  missing: Schema.Array(Schema.String),
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    return `this run needs what is not here:\n${this.missing.map((line) => `  - ${line}`).join("\n")}\n  ${this.next}`
  }
}

/** Only code changed above an expensive node: somebody must say whether its results still hold. */
export class DecisionNeeded extends Schema.TaggedError<DecisionNeeded>()("DecisionNeeded", {
  nodes: Schema.Array(Schema.Struct({ label: Schema.String, why: Schema.String })),
  next: Schema.String
}) {
  readonly exitCode = 4
  override get message() {
    return `only code changed, and rerunning is expensive:\n${
      this.nodes.map((node) => `  - ${node.label}: ${node.why}`).join("\n")
    }\n  ${this.next}`
  }
}

/** `--select`, `--from` or `--until` names nothing. */
export class SelectionInvalid extends Schema.TaggedError<SelectionInvalid>()("SelectionInvalid", {
  /** Without its dashes; undefined where it takes several together to select nothing. */
  flag: Schema.UndefinedOr(Schema.String),
  term: Schema.String,
  next: Schema.String
}) {
  readonly exitCode = 2
  override get message() {
    return this.flag === undefined
      ? `${this.term} selects no node\n  ${this.next}`
      : `--${this.flag} ${this.term}: there is no such node\n  ${this.next}`
  }
}

/** A selected node needs the result of one that is not selected and would have to run first. */
export class SelectionUnready extends Schema.TaggedError<SelectionUnready>()("SelectionUnready", {
  lacking: Schema.Array(
    Schema.Struct({ node: Schema.String, input: Schema.String, state: Schema.Literals(["stale", "waiting"]) })
  ),
  /** A selection that would include what is missing. */
  next: Schema.String
}) {
  readonly exitCode = 4
  override get message() {
    return `the selection leaves out what it needs:\n${
      listed(this.lacking, ({ input, node, state }) => `${node} reads ${input}, which is ${state} and not selected`)
    }\n  include it: ${this.next}`
  }
}

/** With `--frozen`, nothing may have to run. */
export class FrozenMiss extends Schema.TaggedError<FrozenMiss>()("FrozenMiss", {
  nodes: Schema.Array(
    Schema.Struct({ label: Schema.String, state: Schema.Literals(["stale", "waiting"]), why: Schema.String })
  )
}) {
  readonly exitCode = 4
  override get message() {
    const many = this.nodes.length === 1 ? "1 node is" : `${this.nodes.length} nodes are`
    return `--frozen: ${many} not in the cache, and nothing was run:\n${
      listed(this.nodes, ({ label, state, why }) => `${label} (${state}): ${why}`)
    }\n  run the same command without --frozen, or on the cache that has them (--cache)`
  }
}

/** One line each, and how many more there are. */
const listed = <A>(all: ReadonlyArray<A>, line: (one: A) => string, most = 20): string =>
  [
    ...all.slice(0, most).map((one) => `  - ${line(one)}`),
    ...(all.length > most ? [`  … and ${all.length - most} more`] : [])
  ].join("\n")
