/**
 * A plan as plain data: its entries without the graph, and the totals that its table and its JSON both state. Lower
 * ends count what is stale; upper ends also what waits, since an equal result upstream may leave it fresh.
 */
import type { Entry, Plan } from "../Plan.ts"
import type { Cost, Range } from "../Price.ts"
import type { Reason } from "../Why.ts"

/** Two ends of what a plan may come to. */
export interface Ends {
  readonly lower: number
  readonly upper: number
}

export interface PlanTotals {
  readonly nodes: { readonly fresh: number; readonly stale: number; readonly waiting: number }
  readonly rows: Ends
  readonly seconds: Ends
  readonly usd: Ends
  /** Stale and waiting nodes without history or estimate: what they cost is in no end. */
  readonly unpriced: number
}

/** Where the prices come from, and of how many nodes. */
export interface Basis {
  readonly basis: string
  readonly nodes: number
}

const nothing: Range = { low: 0, high: 0 }

const ends = (entries: ReadonlyArray<Entry>, of: (entry: Entry) => Range): Ends => {
  let [lower, upper] = [0, 0]
  for (const entry of entries) {
    const { high, low } = of(entry)
    if (entry.state === "stale") lower += low
    if (entry.state !== "fresh") upper += high
  }
  return { lower, upper }
}

const exactly = (value: number): Range => ({ low: value, high: value })

/** The totals of `entries`. */
export const totalsOf = (entries: ReadonlyArray<Entry>): PlanTotals => {
  const number = (state: Entry["state"]) => entries.filter((entry) => entry.state === state).length
  return {
    nodes: { fresh: number("fresh"), stale: number("stale"), waiting: number("waiting") },
    rows: ends(entries, ({ rows }) => exactly(rows?.toRun ?? 0)),
    seconds: ends(entries, ({ cost }) => cost?.seconds ?? nothing),
    usd: ends(entries, ({ cost }) => cost?.usd ?? nothing),
    unpriced: entries.filter(({ cost, state }) => state !== "fresh" && cost === undefined).length
  }
}

/** Every basis of a price once, the commonest first. */
export const basesOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<Basis> => {
  const nodes = new Map<string, number>()
  for (const { cost, state } of entries) {
    if (cost !== undefined && state !== "fresh") nodes.set(cost.basis, (nodes.get(cost.basis) ?? 0) + 1)
  }
  return [...nodes].map(([basis, number]) => ({ basis, nodes: number })).sort((a, b) => b.nodes - a.nodes)
}

/** What `pipeline plan --json` prints. */
export interface PlanJson {
  readonly entries: ReadonlyArray<{
    readonly label: string
    readonly node: string
    readonly state: Entry["state"]
    readonly key?: string
    readonly why: ReadonlyArray<Reason>
    readonly rows?: { readonly toRun: number; readonly total: number }
    readonly cost?: Cost
  }>
  /** Labels of the instant nodes that the plan itself ran. */
  readonly executed: ReadonlyArray<string>
  readonly totals: PlanTotals
  readonly bases: ReadonlyArray<Basis>
}

/** A plan as JSON, in the order of the graph. **Unit**: seconds and US dollars. */
export const planJson = ({ entries, executed }: Plan): PlanJson => ({
  entries: entries.map(({ cost, resolved, rows, state, vertex, why }) => ({
    label: vertex.label,
    node: vertex.definition.name,
    state,
    ...(resolved === undefined ? {} : { key: resolved.key }),
    why,
    ...(rows === undefined ? {} : { rows }),
    ...(cost === undefined ? {} : { cost })
  })),
  executed: executed.map(({ vertex }) => vertex.label),
  totals: totalsOf(entries),
  bases: basesOf(entries)
})
