/**
 * `pipeline why NODE [ROW]`: every part of the key that differs from the last result, old → new, with source lines; for
 * a row, whether it has a result and what it was given.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TableManifest } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { rowName } from "../Cells.ts"
import { type NodeDefinition, type RowsDefinition, rowsPort } from "../Definition.ts"
import { ExperimentInvalid } from "../Error.ts"
import { sideOf } from "../Inputs.ts"
import type * as Plan from "../Plan.ts"
import { keyRows } from "../RowEngine.ts"
import * as flags from "./flags.ts"
import { print } from "./output.ts"
import { withNode } from "./withNode.ts"

const node = Argument.String("node").pipe(Argument.withDescription("a node of the graph, as `plan --all` names it"))
const row = Argument.String("row").pipe(Argument.withDescription("a row of that node, by its id"), Argument.optional)

const whyRow = Effect.fnUntraced(function*(entry: Plan.Entry, made: Plan.Plan, id: string) {
  const store = yield* Store
  const { resolved, vertex } = entry
  const definition = vertex.definition as NodeDefinition
  const invalid = (reason: string, next: string) => new ExperimentInvalid({ experiment: vertex.label, reason, next })
  if (definition.kind !== "rows" || resolved === undefined) {
    return yield* invalid("it has no rows of its own whose keys are known now", "ask for the node without a row")
  }
  const knowns = Object.fromEntries(
    Object.entries(vertex.inputs).map(([port, input]) => [port, made.knowns.get(input.index)!])
  )
  const table = knowns[rowsPort]!.manifest as TableManifest
  const input = yield* store.readTable(table)
  const keyed = keyRows(vertex, resolved.parts, input, table.rows, yield* sideOf(vertex, knowns))
  const index = keyed.keys.findIndex((_, each) => rowName((definition as RowsDefinition).input, input, each) === id)
  if (index < 0) return yield* invalid(`there is no row ${id}`, `rows are named by ${definition.input.id.join("/")}`)
  const memo = yield* store.openMemo(keyed.rowFunction)
  const key = keyed.keys[index]!
  const failed = memo.failures.get(key)
  print([
    `${vertex.label} ${id}  ${key.slice(0, 8)}  ${
      memo.has(key)
        ? "has a result"
        : failed === undefined
        ? "would run"
        : `failed ${failed.attempts} times, would run again`
    }`,
    `  reads   ${JSON.stringify(keyed.rows[index])}`,
    ...(keyed.given.length > 0 ? [`  given   ${JSON.stringify(keyed.given[index])}`] : []),
    ...(failed === undefined ? [] : [`  last    ${Buffer.from(failed.last).toString("utf8")}`])
  ].join("\n"))
}, Effect.scoped)

export const why = Command.make(
  "why",
  { experiment: flags.file, node, row, ...flags.shared },
  (given) =>
    withNode(given, ({ entry, plan }) => {
      if (Option.isSome(given.row)) return whyRow(entry, plan, given.row.value)
      const key = entry.resolved?.key.slice(0, 8) ?? "not known yet"
      const instant = plan.executed.includes(entry)
      return Effect.sync(() =>
        print([
          `${given.node}  ${key}  ${instant ? "ran just now, to see what lies below it" : entry.state}`,
          ...entry.why.map((reason) =>
            `  ${reason.text}${reason.from === undefined ? "" : `  (${reason.from} → ${reason.to})`}`
          )
        ].join("\n"))
      )
    })
).pipe(Command.withDescription("why a node or a row is stale: what differs in its key, old → new"))
