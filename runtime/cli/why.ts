/**
 * `pipeline why NODE [ROW]`: every part of the key that differs from the last result, old → new, with source lines,
 * settings and rows; for a row, what in its own key differs, or since when it has its result.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RunRecord } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { recentRuns } from "../history/recentRuns.ts"
import type { Entry, Plan } from "../Plan.ts"
import type { Session } from "../Session.ts"
import { styleFor } from "../terminal/style.ts"
import { moreText, type NodeWhy, waitsText, whyRowText, whyText } from "../terminal/whyText.ts"
import { explain } from "../why/explain.ts"
import { explainRow } from "../why/explainRow.ts"
import * as flags from "./flags.ts"
import { columnsOf, print } from "./output.ts"
import { printJson } from "./printJson.ts"
import { withNode } from "./withNode.ts"

const node = Argument.String("node").pipe(Argument.withDescription("a node of the graph, as `plan --all` names it"))
const row = Argument.String("row").pipe(Argument.withDescription("a row of that node, by its id"), Argument.optional)

/** The stale nodes that a waiting one waits for, by way of others that wait. */
const causesOf = (entry: Entry, plan: Plan): ReadonlyArray<Entry> => {
  const entries = new Map(plan.entries.map((each) => [each.vertex.index, each]))
  const causes = new Set<Entry>()
  const visited = new Set<number>()
  const visit = ({ vertex }: Entry): void => {
    for (const { index } of Object.values(vertex.inputs)) {
      const above = entries.get(index)
      if (above === undefined || visited.has(index)) continue
      visited.add(index)
      if (above.state === "stale") causes.add(above)
      if (above.state === "waiting") visit(above)
    }
  }
  visit(entry)
  return [...causes]
}

interface Asked {
  readonly entry: Entry
  readonly plan: Plan
  readonly session: Session
  readonly sets: ReadonlySet<string>
}

/** Runs looked at for the past of one row. */
const runsOfRow = 20

/** Stale nodes explained of those that a waiting node waits for. */
const causesShown = 5

/** The runs that made the last results of nodes, each read once: they recorded what the nodes read. */
const runsBefore = () => {
  const read = new Map<string, RunRecord | undefined>()
  return Effect.fnUntraced(function*({ resolved }: Entry) {
    const store = yield* Store
    const previous = resolved === undefined || resolved.state.fresh ? undefined : resolved.state.previous
    if (previous === undefined) return []
    if (!read.has(previous.run)) read.set(previous.run, yield* store.getRun(previous.run))
    const record = read.get(previous.run)
    return record === undefined ? [] : [record]
  })
}

const nodeWhy = Effect.fnUntraced(function*({ entry, plan, session, sets }: Asked) {
  const runBefore = runsBefore()
  const whyOf = Effect.fnUntraced(function*(each: Entry) {
    const runs = yield* runBefore(each)
    const why: NodeWhy = {
      label: each.vertex.label,
      state: plan.executed.includes(each) ? "ran just now, to see what lies below it" : each.state,
      key: each.resolved?.key,
      reasons: yield* explain(each, plan, { runs, settings: session.opened.settings, sets })
    }
    return why
  })
  const causes = entry.state === "waiting" ? causesOf(entry, plan) : []
  return {
    node: yield* whyOf(entry),
    causes: yield* Effect.forEach(causes.slice(0, causesShown), whyOf),
    moreCauses: causes.slice(causesShown).map(({ vertex }) => vertex.label)
  }
})

export const why = Command.make(
  "why",
  { experiment: flags.file, node, row, ...flags.shared, json: flags.json },
  (given) =>
    withNode(given, ({ entry, plan, session }) =>
      Effect.gen(function*() {
        const options = { width: columnsOf(process.stdout), style: styleFor(process.stdout) }
        if (Option.isSome(given.row)) {
          const { storedParts } = session.plan
          const explained = yield* explainRow(entry, plan, given.row.value, {
            runs: yield* recentRuns(session.experiment, runsOfRow),
            stored: (parts) => storedParts(entry.vertex, parts)
          })
          return given.json ? printJson(explained) : print(whyRowText(given.node, explained, options))
        }
        const sets = new Set(flags.sessionOptions(given).sets.map(([path]) => path))
        const { causes, moreCauses, node } = yield* nodeWhy({ entry, plan, session, sets })
        if (given.json) return printJson({ ...node, causes, moreCauses })
        print([
          whyText(node, given.experiment, options),
          ...(causes.length === 0 ? [] : [waitsText(causes.length + moreCauses.length)]),
          ...causes.map((cause) => whyText(cause, given.experiment, options)),
          ...moreText(moreCauses, options)
        ].join("\n"))
      }))
).pipe(Command.withDescription("why a node or a row is stale: what differs in its key, old → new"))
