/**
 * A plan for people: what would run and why, root causes first, then what waits for them, then how much is fresh, and
 * what it all comes to. Arms of a sweep are one line. Pure; the numbers are `planSummary.ts`'s, the layout is
 * `table.ts`'s.
 */
import type { Entry, Plan } from "../Plan.ts"
import type { Range } from "../Price.ts"
import { count, counted, dollars, duration, range } from "./format.ts"
import { basesOf, type Basis, totalsOf } from "./planSummary.ts"
import { type Style, type Tone, uncoloured } from "./style.ts"
import { table, type TableColumn } from "./table.ts"
import { flow, wrap } from "./text.ts"

export { planJson } from "./planSummary.ts"

export interface PlanTableOptions {
  /** Columns of the terminal; no line is longer. */
  readonly width: number
  /** Every fresh node and every arm of a sweep on a line of its own. */
  readonly all?: boolean
  readonly style?: Style
}

const columns: ReadonlyArray<TableColumn> = [
  { header: "NODE", min: 14, cut: "middle" },
  { header: "STATE" },
  { header: "WHY", min: 12, drop: 3 },
  { header: "ROWS", align: "right", drop: 2 },
  { header: "TIME", align: "right", drop: 1 },
  { header: "COST", align: "right" }
]

const tones: { readonly [state in Entry["state"]]: Tone } = { stale: "warning", waiting: "dim", fresh: "good" }

/** Entries that share a line: one node, or the arms of one that are in the same state. */
interface Group {
  readonly name: string
  readonly state: Entry["state"]
  readonly entries: ReadonlyArray<Entry>
}

const withoutPoint = (label: string): string => label.replace(/\[.*\]$/s, "")

const grouped = (entries: ReadonlyArray<Entry>, all: boolean): ReadonlyArray<Group> => {
  const groups = new Map<string, Array<Entry>>()
  for (const entry of entries) {
    const { label } = entry.vertex
    const name = all ? label : `${withoutPoint(label)} ${entry.state} ${label.endsWith("]")}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [entry])
    else group.push(entry)
  }
  return [...groups.values()].map((group) => {
    const { state, vertex } = group[0]!
    const name = group.length === 1 ? vertex.label : `${withoutPoint(vertex.label)}[${group.length} arms]`
    return { name, state, entries: group }
  })
}

const whyText = ({ why }: Entry): string => why.map(({ text }) => text).join("; ")

/** Arms wait for arms: in a line of several, names stand without their points. */
const withoutPoints = (text: string): string => text.replace(/\[[^[\]]*=[^[\]]*\]/g, "")

const whyOf = (entries: ReadonlyArray<Entry>, executed: ReadonlySet<Entry>): string => {
  const texts = entries.map((entry) => executed.has(entry) ? `just ran: ${whyText(entry)}` : whyText(entry))
  const distinct = [...new Set(entries.length === 1 ? texts : texts.map(withoutPoints))]
  return distinct.length === 1 ? distinct[0]! : `${distinct[0]} (or ${counted(distinct.length - 1, "other reason")})`
}

/**
 * A sum over the entries that know it, its upper end with `≤` while they wait; `?` where none knows, `+ ?` where some do
 * not.
 */
const sumOf = (
  { entries, state }: Group,
  of: (entry: Entry) => Range | undefined,
  show: (value: number) => string
): string => {
  const known = entries.flatMap((entry) => of(entry) ?? [])
  if (known.length === 0) return "?"
  const low = known.reduce((total, each) => total + each.low, 0)
  const high = known.reduce((total, each) => total + each.high, 0)
  const most = show(high)
  const sum = state === "waiting" ? (high > 0 && !most.startsWith("<") ? `≤ ${most}` : most) : range(low, high, show)
  return sum + (known.length < entries.length ? " + ?" : "")
}

const rowsCell = (group: Group): string => {
  if (group.entries.every(({ rows }) => rows === undefined)) return ""
  const all = group.entries.reduce((sum, { rows }) => sum + (rows?.total ?? 0), 0)
  return sumOf(
    group,
    ({ rows }) => rows && { low: rows.toRun, high: rows.toRun },
    (toRun) => toRun === all ? count(all) : `${count(toRun)} of ${count(all)}`
  )
}

const cells = (group: Group, executed: ReadonlySet<Entry>): ReadonlyArray<string> => {
  const why = whyOf(group.entries, executed)
  if (group.state === "fresh") return [group.name, "fresh", why, "", "", ""]
  const time = sumOf(group, ({ cost }) => cost?.seconds, duration)
  const usd = sumOf(group, ({ cost }) => cost?.usd, dollars)
  return [group.name, group.state, why, rowsCell(group), time, usd]
}

const totalFields = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const { nodes, rows, seconds, unpriced, usd } = totalsOf(entries)
  const states = [
    ...(nodes.stale > 0 ? [`${nodes.stale} stale`] : []),
    ...(nodes.waiting > 0 ? [`${nodes.waiting} waiting`] : []),
    `${nodes.fresh} fresh`
  ]
  return [
    `total  ${states.join(", ")}`,
    ...(rows.upper === 0 ? [] : [`${range(rows.lower, rows.upper, count)} rows`]),
    ...(unpriced === nodes.stale + nodes.waiting
      ? ["time and cost unknown"]
      : [range(seconds.lower, seconds.upper, duration), range(usd.lower, usd.upper, dollars)].map((text) =>
        unpriced === 0 ? text : `${text} + ?`
      ))
  ]
}

const notes = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const bases = basesOf(entries)
  const basisText = ({ basis, nodes }: Basis) => bases.length === 1 ? basis : `${basis} (${counted(nodes, "node")})`
  const { unpriced } = totalsOf(entries)
  return [
    ...(bases.length === 0 ? [] : [`time and cost: ${bases.map(basisText).join(", ")}`]),
    ...(unpriced === 0 ? [] : [`?: ${counted(unpriced, "node")} without history or estimate`])
  ]
}

/** The table, the totals and where the prices come from, as one text without a line feed at its end. */
export const planTable = (
  { entries, executed, unselected }: Plan,
  { all = false, style = uncoloured, width }: PlanTableOptions
): string => {
  const ran = new Set(executed)
  const of = (state: Entry["state"]) => entries.filter((entry) => entry.state === state)
  const fresh = of("fresh")
  // what the plan ran itself is fresh now, and often the very cause of what is stale: shown first
  const causes = grouped(fresh.filter((entry) => ran.has(entry)), all)
  const work = [...grouped(of("stale"), all), ...grouped(of("waiting"), all)]
  const rest = fresh.filter((entry) => !ran.has(entry))
  const groups = [...causes, ...work, ...(all ? grouped(rest, all) : [])]
  const lines = groups.length === 0 ? [] : table({ columns, rows: groups.map((group) => cells(group, ran)) }, {
    width,
    style: (text, { column, row }) => {
      if (row < 0) return style("strong", text)
      if (column === 1) return style(tones[groups[row]!.state], text)
      return column === 2 ? style("dim", text) : text
    }
  })
  const folded = [
    ...(all || rest.length === 0 ? [] : wrap(`= ${rest.length} fresh`, width)),
    ...(unselected.length === 0 ? [] : wrap(`- ${unselected.length} not selected`, width))
  ]
  if (work.length === 0) return [...lines, ...folded, ...wrap("nothing to do", width)].join("\n")
  return [
    ...lines,
    ...folded,
    ...flow(totalFields(entries), width).map((line) => style("strong", line)),
    ...notes(entries).flatMap((note) => wrap(note, width)).map((line) => style("dim", line))
  ].join("\n")
}
