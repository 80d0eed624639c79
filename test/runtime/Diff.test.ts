/** What differs between two runs of a small experiment. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import type { RunRecord } from "../../cache/Manifest.ts"
import { Store } from "../../cache/Store.ts"
import { diffRuns } from "../../runtime/Diff.ts"
import * as Node from "../../runtime/Node.ts"
import { diffText } from "../../runtime/terminal/diffText.ts"
import { displayWidth } from "../../runtime/terminal/text.ts"
import * as Type from "../../runtime/Type.ts"
import { laboratory } from "./support/world.ts"

const Word = Type.table("word", { id: Schema.String, text: Schema.String }, { id: ["id"] })
const Judged = Type.table("judged", { id: Schema.String, text: Schema.String, verdict: Schema.String }, { id: ["id"] })

const words = Node.make({
  name: "words",
  inputs: {},
  params: { texts: Schema.Array(Schema.String) },
  output: Word,
  run: (_, { params }) => params.texts.map((text, i) => ({ id: `w${i}`, text }))
})
const judge = Node.mapRows({
  name: "judge",
  input: Word,
  carry: ["id"],
  output: Judged,
  params: { longest: Schema.Int },
  run: ({ text }, { params }) => {
    if (text === "broken") throw new Error("cannot judge this")
    return { text, verdict: text.length <= params.longest ? "safe" : "unsafe" }
  }
})
const report = Node.make({
  name: "report",
  inputs: { judged: Judged },
  output: Type.value("report", Schema.Struct({ safe: Schema.Finite, n: Schema.Int })),
  *run({ judged }) {
    const rows = yield* judged.all
    return { safe: rows.filter(({ verdict }) => verdict === "safe").length / rows.length, n: rows.length }
  }
})

const targets = (texts: ReadonlyArray<string>, longest: number) => {
  const judged = judge({ rows: words({}, { texts }) }, { longest })
  return { judged, report: report({ judged }) }
}

/** Two runs and their difference. */
const differing = async (
  before: Parameters<typeof targets>,
  after: Parameters<typeof targets>,
  records: (pair: { readonly old: RunRecord; readonly now: RunRecord }) => { old: RunRecord; now: RunRecord } = (
    pair
  ) => pair
) => {
  const lab = laboratory()
  await lab.run(targets(...before))
  await lab.run(targets(...after), { keepGoing: true })
  return lab.within({}, {}, () =>
    Effect.gen(function*() {
      const [now, old] = yield* (yield* Store).listRuns()
      const pair = records({ old: old!, now: now! })
      return yield* diffRuns(pair.old, pair.now, { samples: 2 })
    }))
}

describe("diffRuns", () => {
  it("says which verdicts flipped and where the metrics moved", async () => {
    const { nodes } = await differing([["a", "bb", "ccc"], 2], [["a", "bb", "ccc"], 1])
    const [first, judged, reported] = nodes
    assert.deepInclude(first, { label: "words", change: "same", before: "ran", after: "fresh" })
    assert.deepInclude(judged, { label: "judge", change: "changed", after: "ran", why: ["longest: 2 → 1"] })
    assert.deepStrictEqual(judged!.table!.flips, [
      { column: "verdict", from: "safe", to: "unsafe", count: 1, rows: ["w1"] }
    ])
    assert.deepStrictEqual(reported!.metrics, [{ path: "safe", from: 2 / 3, to: 1 / 3, difference: 1 / 3 - 2 / 3 }])
  })

  it("finds rows by id, not by place", async () => {
    const { nodes } = await differing([["a", "bb"], 2], [["a", "bb", "ccc"], 2])
    assert.deepStrictEqual(nodes[1]!.table!.rows, { before: 2, after: 3, added: 1, removed: 0, changed: 0 })
    assert.deepStrictEqual(nodes[1]!.table!.samples.added, ["w2"])
  })

  it("tells a node that failed or was not reached from one that is gone", async () => {
    const failed = await differing([["a"], 2], [["broken"], 2])
    assert.deepStrictEqual(failed.nodes.map(({ after, change }) => [after, change]), [
      ["ran", "changed"],
      ["failed", "missing"],
      ["skipped", "unreached"]
    ])
    const gone = await differing([["a"], 2], [["a"], 2], ({ now, old }) => ({
      old,
      now: { ...now, nodes: now.nodes.slice(0, 1) }
    }))
    assert.deepStrictEqual(gone.nodes.map(({ change }) => change), ["same", "removed", "removed"])
    const killed = await differing([["a"], 2], [["a"], 2], ({ now: { ok: _, ...now }, old }) => ({
      old,
      now: { ...now, nodes: now.nodes.slice(0, 1) }
    }))
    assert.deepStrictEqual(killed.nodes.map(({ change }) => change), ["same", "unreached", "unreached"])
  })

  it("compares settings by path", async () => {
    const { settings } = await differing([["a"], 2], [["a"], 2], ({ now, old }) => ({
      old: {
        ...old,
        settings: [{ path: "a.b", value: 1 }, { path: "c", value: { x: [1] } }, { path: "old", value: 0 }]
      },
      now: {
        ...now,
        settings: [{ path: "a.b", value: 2 }, { path: "c", value: { x: [1] } }, { path: "new", value: 9 }]
      }
    }))
    assert.deepStrictEqual(settings, [{ path: "a.b", from: 1, to: 2 }, { path: "old", from: 0 }, {
      path: "new",
      to: 9
    }])
  })
})

describe("diffText", () => {
  it("shows settings, nodes and what changed in each, cut to the width", async () => {
    const diff = await differing([["a", "bb", "ccc"], 2], [["a", "bb", "ccc"], 1], ({ now, old }) => ({
      old: { ...old, run: "r1", settings: [{ path: "longest", value: 2 }] },
      now: { ...now, run: "r2", settings: [{ path: "longest", value: 1 }] }
    }))
    assert.strictEqual(
      diffText(diff, { width: 60 }),
      `
from  r1
to    r2
settings
  longest  2  →  1
NODE    STATE  RESULT               WHY
judge   ran    1 changed (verdict)  longest: 2 → 1
report  ran    1 number             judge: verdict changed
= 1 node with the same result
judge
  changed: w1
  verdict  safe  →  unsafe  1  w1
report
  safe  0.66667  →  0.33333  −0.33333`.slice(1)
    )
    for (let width = 20; width < 80; width++) {
      for (const line of diffText(diff, { width, all: true }).split("\n")) assert.isAtMost(displayWidth(line), width)
    }
  })
})
