/** Plans as tables and as JSON: whole outputs by hand, and that what is folded adds up to the totals. */
import { assert, describe, it } from "vitest"
import type { Entry, Plan } from "../../../runtime/Plan.ts"
import { totalsOf } from "../../../runtime/terminal/planSummary.ts"
import { planJson, planTable } from "../../../runtime/terminal/planTable.ts"
import { displayWidth } from "../../../runtime/terminal/text.ts"

const upTo = (low: number) => ({ low, high: 1.5 * low })

/** The parts of an entry that are shown; the vertex has nothing but names. */
const entry = (
  label: string,
  state: Entry["state"],
  why: string,
  more: {
    readonly rows?: readonly [toRun: number, total: number]
    /** Half as much again is the upper end. */
    readonly cost?: readonly [seconds: number, usd: number, basis: string]
  } = {}
): Entry => {
  const vertex = { label, definition: { name: label.replace(/\[.*/, "") } } as unknown as Entry["vertex"]
  return {
    vertex,
    state,
    resolved: undefined,
    why: why === "" ? [] : [{ part: "params", text: why }],
    rows: more.rows && { toRun: more.rows[0], total: more.rows[1] },
    cost: more.cost && { seconds: upTo(more.cost[0]), usd: upTo(more.cost[1]), basis: more.cost[2] }
  }
}

const planOf = (entries: ReadonlyArray<Entry>, executed: ReadonlyArray<Entry> = []): Plan => ({
  entries,
  instant: new Map(),
  executed,
  unselected: [],
  knowns: new Map()
})

const spec = entry("parseSpec", "fresh", "clauses changed")
const arm = (fraction: number, state: Entry["state"] = "waiting") =>
  entry(`verifySft[fraction=${fraction}]`, state, `waits for filter[fraction=${fraction}]`, {
    cost: [3600, 0, "list prices 2026-11"]
  })

const edited = planOf([
  spec,
  entry("prompts", "fresh", ""),
  entry("critique", "waiting", "waits for rollout", { rows: [4800, 4800], cost: [124, 374.2, "history"] }),
  entry("rollout", "stale", "clauses: C7 changed; temperature: 0.7 → 1", {
    rows: [62, 4800],
    cost: [38, 0.42, "history"]
  }),
  entry("filter", "waiting", "waits for critique"),
  arm(0.05),
  arm(0.25),
  arm(0.5),
  entry("evaluate", "fresh", "")
], [spec])

describe("planTable", () => {
  it("shows causes first, then what waits, arms in one line and the fresh folded", () => {
    assert.strictEqual(
      planTable(edited, { width: 120 }),
      `
NODE               STATE    WHY                                               ROWS         TIME           COST
parseSpec          fresh    just ran: clauses changed
rollout            stale    clauses: C7 changed; temperature: 0.7 → 1  62 of 4,800  38 s – 57 s  $0.42 – $0.63
critique           waiting  waits for rollout                              ≤ 4,800   ≤ 3 m 06 s         ≤ $561
filter             waiting  waits for critique                                                ?              ?
verifySft[3 arms]  waiting  waits for filter                                         ≤ 4 h 30 m             $0
= 2 fresh
total  1 stale, 5 waiting, 3 fresh  62 – 4,862 rows  38 s – 4 h 34 m + ?  $0.42 – $562 + ?
time and cost: list prices 2026-11 (3 nodes), history (2 nodes)
?: 1 node without history or estimate`.slice(1)
    )
  })

  it("fits 80 and 60 columns", () => {
    assert.strictEqual(
      planTable(edited, { width: 80 }),
      `
NODE            STATE    WHY                    ROWS         TIME           COST
parseSpec       fresh    just ran: cla…
rollout         stale    clauses: C7 c…  62 of 4,800  38 s – 57 s  $0.42 – $0.63
critique        waiting  waits for rol…      ≤ 4,800   ≤ 3 m 06 s         ≤ $561
filter          waiting  waits for cri…                         ?              ?
verif…[3 arms]  waiting  waits for fil…                ≤ 4 h 30 m             $0
= 2 fresh
total  1 stale, 5 waiting, 3 fresh  62 – 4,862 rows  38 s – 4 h 34 m + ?
  $0.42 – $562 + ?
time and cost: list prices 2026-11 (3 nodes), history (2 nodes)
?: 1 node without history or estimate`.slice(1)
    )
    assert.strictEqual(
      planTable(edited, { width: 60 }),
      `
NODE               STATE    WHY                         COST
parseSpec          fresh    just ran: clause…
rollout            stale    clauses: C7 chan…  $0.42 – $0.63
critique           waiting  waits for rollout         ≤ $561
filter             waiting  waits for critiq…              ?
verifySft[3 arms]  waiting  waits for filter              $0
= 2 fresh
total  1 stale, 5 waiting, 3 fresh  62 – 4,862 rows
  38 s – 4 h 34 m + ?  $0.42 – $562 + ?
time and cost: list prices 2026-11 (3 nodes), history (2
nodes)
?: 1 node without history or estimate`.slice(1)
    )
  })

  it("shows every arm and every fresh node where all are asked for", () => {
    const names = planTable(edited, { width: 120, all: true }).split("\n").slice(1, 10).map((line) =>
      line.split(" ")[0]
    )
    assert.deepStrictEqual(names, [
      "parseSpec",
      "rollout",
      "critique",
      "filter",
      "verifySft[fraction=0.05]",
      "verifySft[fraction=0.25]",
      "verifySft[fraction=0.5]",
      "prompts",
      "evaluate"
    ])
  })

  it("folds arms by state, and says where their reasons or prices differ", () => {
    const train = (lr: number, why: string, cost?: readonly [number, number, string]) =>
      entry(`train[lr=${lr}]`, "stale", why, cost === undefined ? {} : { cost })
    const plan = planOf([train(1, "lr: 2 → 1", [10, 1, "history"]), train(3, "has not run yet"), arm(0.5, "fresh")])
    assert.strictEqual(
      planTable(plan, { width: 120 }),
      `
NODE           STATE  WHY                            ROWS             TIME               COST
train[2 arms]  stale  lr: 2 → 1 (or 1 other reason)        10 s – 15 s + ?  $1.00 – $1.50 + ?
= 1 fresh
total  2 stale, 1 fresh  10 s – 15 s + ?  $1.00 – $1.50 + ?
time and cost: history
?: 1 node without history or estimate`.slice(1)
    )
  })

  it("says how much a selection leaves out", () => {
    const plan = {
      ...planOf([entry("a", "fresh", "")]),
      unselected: [entry("b", "stale", "x"), entry("c", "fresh", "")]
    }
    assert.strictEqual(planTable(plan, { width: 80 }), "= 1 fresh\n- 2 not selected\nnothing to do")
  })

  it("claims no price where none is known", () => {
    const plan = planOf([
      entry("a", "stale", "has not run yet"),
      entry("b", "waiting", "waits for a", { rows: [7, 7] })
    ])
    assert.strictEqual(
      planTable(plan, { width: 80 }),
      `
NODE  STATE    WHY              ROWS  TIME  COST
a     stale    has not run yet           ?     ?
b     waiting  waits for a       ≤ 7     ?     ?
total  1 stale, 1 waiting, 0 fresh  0 – 7 rows  time and cost unknown
?: 2 nodes without history or estimate`.slice(1)
    )
  })

  it("says when there is nothing to do", () => {
    assert.strictEqual(
      planTable(planOf([entry("a", "fresh", ""), entry("b", "fresh", "")]), { width: 80 }),
      "= 2 fresh\nnothing to do"
    )
    assert.strictEqual(planTable(planOf([]), { width: 80 }), "nothing to do")
  })

  it("never exceeds the width", () => {
    for (let width = 20; width <= 130; width++) {
      for (const all of [false, true]) {
        for (const line of planTable(edited, { width, all }).split("\n")) assert.isAtMost(displayWidth(line), width)
      }
    }
  })
})

describe("planJson", () => {
  it("has every entry in the order of the graph and the totals of the table", () => {
    const json = planJson(edited)
    assert.deepStrictEqual(json.entries.map(({ label }) => label), edited.entries.map(({ vertex }) => vertex.label))
    assert.deepStrictEqual(json.entries[3], {
      label: "rollout",
      node: "rollout",
      state: "stale",
      why: [{ part: "params", text: "clauses: C7 changed; temperature: 0.7 → 1" }],
      rows: { toRun: 62, total: 4800 },
      cost: { seconds: { low: 38, high: 57 }, usd: { low: 0.42, high: 0.63 }, basis: "history" }
    })
    assert.deepStrictEqual(json.executed, ["parseSpec"])
    assert.deepStrictEqual(json.totals, {
      nodes: { fresh: 3, stale: 1, waiting: 5 },
      rows: { lower: 62, upper: 4862 },
      seconds: { lower: 38, upper: 1.5 * (38 + 124 + 3 * 3600) },
      usd: { lower: 0.42, upper: 0.63 + 1.5 * 374.2 },
      unpriced: 1
    })
    assert.deepStrictEqual(json.bases, [{ basis: "list prices 2026-11", nodes: 3 }, { basis: "history", nodes: 2 }])
    assert.deepStrictEqual(JSON.parse(JSON.stringify(json)), json)
  })

  it("adds up: totals of parts are the totals of the whole, and nodes are counted once", () => {
    const { entries } = edited
    for (let split = 0; split <= entries.length; split++) {
      const [a, b, whole] = [totalsOf(entries.slice(0, split)), totalsOf(entries.slice(split)), totalsOf(entries)]
      assert.strictEqual(a.seconds.upper + b.seconds.upper, whole.seconds.upper)
      assert.strictEqual(a.rows.upper + b.rows.upper, whole.rows.upper)
      assert.strictEqual(a.unpriced + b.unpriced, whole.unpriced)
    }
    const { nodes } = totalsOf(entries)
    assert.strictEqual(nodes.fresh + nodes.stale + nodes.waiting, entries.length)
  })
})
