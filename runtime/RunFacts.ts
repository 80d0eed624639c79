/**
 * What a run record holds beside results, so that `ls`, `diff`, `trace` and `log` need no experiment file: for each node
 * its kind, the ids of its rows and where its inputs come from, and for the run who holds it. The engine writes these
 * fields through this file; readers take them out through it, also from records that lack them.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { endHolder, type Holder, holderText, makeHolder, parseHolder, Watch } from "../cache/Holder.ts"
import type { RunNode, RunRecord } from "../cache/Manifest.ts"
import type { NodeDefinition } from "./Definition.ts"
import { Stop } from "./Event.ts"
import type { Vertex } from "./Graph.ts"

const Inputs = Schema.Record(Schema.String, Schema.String)

/** Facts of a node that its record carries. */
export const NodeFacts = Schema.Struct({
  kind: Schema.Literals(["make", "rows", "sql"]),
  /** Columns that name a row of its table; empty where its result is no table. */
  id: Schema.Array(Schema.String),
  /** Label of the vertex on each port; `rows` is the one that a row node maps. */
  inputs: Inputs
})
export type NodeFacts = typeof NodeFacts.Type

/** The fields that the record of this vertex carries beside its state and result. */
export const ofVertex = ({ definition, inputs }: Vertex): NodeFacts => {
  const { kind, output } = definition as NodeDefinition
  return {
    kind,
    id: output.kind === "table" ? output.id : [],
    inputs: Object.fromEntries(Object.entries(inputs).map(([port, input]) => [port, input.label]))
  }
}

/**
 * The fields that the record of a run carries while it is written: who holds it, so that others can tell a run that goes
 * on from one that was killed. It is held until the scope ends.
 */
export const held = Effect.map(
  Effect.acquireRelease(Effect.sync(makeHolder), (holder: Holder) => Effect.sync(() => endHolder(holder))),
  (holder) => ({ holder: holderText(holder) })
)

/**
 * What became of a run. `stopped`: by a signal or a budget. `killed`: it wrote no end and its process is gone.
 * `unfinished`: it wrote no end and nobody here can tell, since its process is on another machine.
 */
export type RunState = "ok" | "failed" | "stopped" | "running" | "killed" | "unfinished"

const isStop = Schema.is(Stop)

/** Why the run was stopped, where it was. */
export const stopOf = ({ stopped }: { readonly [field: string]: unknown }): Stop | undefined =>
  isStop(stopped) ? stopped : undefined

const watch = new Watch()

export const stateOf = (record: RunRecord): RunState => {
  if (record.finishedAt !== undefined) {
    if (record.ok === true) return "ok"
    return stopOf(record) === undefined ? "failed" : "stopped"
  }
  const holder = typeof record["holder"] === "string" ? parseHolder(record["holder"]) : undefined
  if (holder === undefined) return "unfinished"
  const self = makeHolder()
  endHolder(self)
  if (holder.machine !== self.machine) return "unfinished"
  // on one machine the process itself is looked at, and no file's time
  return watch.lives(holder, "") ? "running" : "killed"
}

const isFacts = Schema.is(NodeFacts)

/** The facts in a record; none are known of a record from before they were written. */
export const ofNode = (node: RunNode): NodeFacts =>
  isFacts(node) ? { kind: node.kind, id: node.id, inputs: node.inputs } : { kind: "make", id: [], inputs: {} }

/** A setting as a record keeps it. */
const Setting = Schema.Struct({
  path: Schema.String,
  value: Schema.Unknown,
  declared: Schema.optionalKey(Schema.String)
})
export type Setting = typeof Setting.Type

const isSettings = Schema.is(Schema.Array(Setting))

/** The settings of a run by their path; empty where its record has none. */
export const settingsOf = (record: { readonly [field: string]: unknown }): ReadonlyMap<string, Setting> => {
  const { settings } = record
  return new Map(isSettings(settings) ? settings.map((setting) => [setting.path, setting]) : [])
}
