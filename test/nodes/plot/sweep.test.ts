/**
 * Sweeps: seeds pooled into points with hand-counted rates, rises found and weighed against noise, and the files and the
 * report that the nodes leave.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { sweepPlot } from "../../../nodes/plot/sweepPlot.ts"
import { type SweepArm, sweepPoints } from "../../../nodes/plot/sweepPoints.ts"
import { Plot, plotSweep, reportSweep } from "../../../nodes/plotSweep.ts"
import type { ScoreRow } from "../../../nodes/report/Scoreboard.ts"
import { Report } from "../../../nodes/tables.ts"

const topics = ["a", "b", "c", "d"]

/** 100 answers on each of four topics in both attack sets; `hits` of each topic, on wrappers ten more. */
const arm = (x: number, seed: number, hits: number): SweepArm => ({
  x,
  seed,
  scores: topics.flatMap((topic): ReadonlyArray<ScoreRow> => [
    { arm: "v", set: "id", metric: "attackSuccess", topic, hits, n: 100 },
    { arm: "v", set: "wrappers", metric: "attackSuccess", topic, hits: hits + 10, n: 100 },
    { arm: "v", set: "wrappers", metric: "other", topic, hits: 2, n: 100 },
    { arm: "v", set: "benign", metric: "other", topic, hits: 0, n: 100 },
    { arm: "v", set: "benign", metric: "overRefusal", topic, hits: 5, n: 100 },
    { arm: "v", set: "category: art", metric: "attackSuccess", topic, hits: 100, n: 100 }
  ])
})

const options = {
  title: "Attack success",
  x: { label: "Expert rows", percent: true },
  set: { name: "wrappers", title: "unseen wrappers" }
}

const falling = [arm(1, 1, 12), arm(0, 0, 80), arm(1, 0, 8), arm(0.25, 1, 40), arm(0.25, 0, 44), arm(0, 1, 80)]

describe("sweepPoints", () => {
  it("pools the seeds of a value, by ascending value, without breakdowns", () => {
    const { points } = sweepPoints(falling, { set: "wrappers" })
    assert.deepStrictEqual(points.map(({ seeds, x }) => [x, seeds]), [[0, [0, 1]], [0.25, [0, 1]], [1, [0, 1]]])
    const [, quarter, full] = points
    // both sets, 8 seed-topics each: 8 (44 + 54 + 40 + 50) / 2 of 1600
    assert.deepInclude(quarter!.attackSuccess, { hits: 752, n: 1600, share: 0.47 })
    assert.deepInclude(quarter!.attackSuccessOnSet!, { hits: 416, n: 800, share: 0.52 })
    assert.deepInclude(full!.overRefusal, { hits: 40, n: 800 })
    assert.deepInclude(full!.other, { hits: 16, n: 1600 })
    assert.deepStrictEqual(full!.bySeed, [{ seed: 0, all: 0.13, onSet: 0.18 }, { seed: 1, all: 0.17, onSet: 0.22 }])
    // Wilson's formula worked in Python
    assert.approximately(quarter!.attackSuccess.wilson.lo, 0.44565, 1e-4)
    assert.approximately(quarter!.attackSuccess.wilson.hi, 0.49449, 1e-4)
  })

  it("says that attack success falls, or where it rises and whether that is more than noise", () => {
    assert.deepStrictEqual(sweepPoints(falling, { set: "wrappers" }).monotonicity, [
      { of: "all", falling: true, rises: [] },
      { of: "wrappers", falling: true, rises: [] }
    ])
    const level = sweepPoints([arm(0, 0, 30), arm(1, 0, 30)], { set: "wrappers" })
    assert.isTrue(level.monotonicity[0]!.falling)
    const steep = sweepPoints([arm(0, 0, 30), arm(0.5, 0, 35), arm(1, 0, 20)], { set: "wrappers" })
    const [rise] = steep.monotonicity[0]!.rises
    assert.deepInclude(rise!, { from: 0, to: 0.5, beyondNoise: true }) // every topic rises by 5 points
    assert.approximately(rise!.difference, 0.05, 1e-12)
    const mixed = arm(1, 0, 30)
    const noisy = {
      ...mixed,
      scores: mixed.scores.map((row) => ({
        ...row,
        hits: row.hits + (row.topic === "a" ? 12 : 0) - (row.topic === "b" ? 8 : 0)
      }))
    }
    const [small] = sweepPoints([arm(0, 0, 30), {
      ...noisy,
      scores: noisy.scores.filter(({ metric }) => metric === "attackSuccess")
    }], { set: "wrappers" })
      .monotonicity[0]!.rises
    assert.isFalse(small!.beyondNoise)
  })

  it("refuses arms it cannot place", () => {
    assert.throws(() => sweepPoints([], { set: "wrappers" }), /without arms/u)
    assert.throws(() => sweepPoints([arm(0, 0, 1), arm(0, 0, 2)], { set: "wrappers" }), /arm 0, seed 0 is given twice/u)
    assert.throws(
      () => sweepPoints([{ x: 0, seed: 3, scores: [] }], { set: "wrappers" }),
      /seed 3 has no attack success/u
    )
  })
})

describe("sweepPlot", () => {
  it("draws both lines with a dot for each seed, and the same bytes every time", async () => {
    const plot = await sweepPlot(falling, options)
    for (const text of ["all attack sets", "unseen wrappers", "Expert rows (%)", "Attack success (%)", "25"]) {
      assert.include(plot.svg, `>${text}<`)
    }
    assert.strictEqual(plot.svg.match(/<circle[^>]*r="2.5"/gu)?.length, 12)
    assert.strictEqual(plot.svg.match(/<circle[^>]*r="3.5"/gu)?.length, 6)
    const again = await sweepPlot(structuredClone(falling).toReversed(), options)
    assert.strictEqual(again.svg, plot.svg)
    assert.deepStrictEqual(again.png, plot.png)
    const one = await sweepPlot(falling.filter(({ seed }) => seed === 0), options)
    assert.notMatch(one.svg, /r="2.5"/u)
  })

  it("leaves out the line of a set that was not measured", async () => {
    const plot = await sweepPlot(falling, { ...options, set: { name: "nowhere", title: "nowhere" } })
    assert.notInclude(plot.svg, ">nowhere<")
    assert.include(plot.markdown, "| 25 %        | 1600 |     47.0 (45–49) |         – |")
  })

  it("tables the points", async () => {
    const { markdown } = await sweepPlot([...falling, arm(0.5, 0, 60), arm(0.5, 1, 60)], options)
    assert.include(
      markdown,
      "| Expert rows |    n | attack success ↓ | unseen wrappers ↓ | over-refusal ↓ |   other ↓ |"
    )
    assert.include(
      markdown,
      "| 100 %       | 1600 |     15.0 (13–17) |      20.0 (17–23) |      5.0 (4–7) | 1.0 (1–2) |"
    )
    assert.include(
      markdown,
      "All attack sets: attack success rises from 25 % to 50 % by +18.0 points [+18.0, +18.0], beyond the noise of topics."
    )
    assert.include(markdown, "Seeds pooled in a point: 2.")
  })
})

/** Runs a node's body as the engine does. */
const bodyOf = (node: ReturnType<typeof plotSweep> | ReturnType<typeof reportSweep>) => {
  const { definition } = node
  if (definition.kind !== "make") throw new Error("not a make node")
  return (inputs: object, context: object): Promise<unknown> =>
    Effect.runPromise(Effect.gen(() => definition.run(inputs as never, context as never) as Generator<never, unknown>))
}

const rows = (arm: SweepArm) => ({
  numRows: arm.scores.length,
  all: Effect.succeed(arm.scores),
  stream: Stream.fromIterable(arm.scores)
})

describe("the nodes", () => {
  const labels = falling.map(({ seed, x }) => `${x}/${seed}`)
  const inputs = Object.fromEntries(falling.map((arm, i) => [labels[i]!, rows(arm)]))
  const params = {
    ...options,
    arms: Object.fromEntries(falling.map(({ seed, x }, i) => [labels[i]!, { x, seed }])),
    notes: ["A note of many words ".repeat(12)]
  }

  it("read one score table an arm and write the picture with its points", async () => {
    const node = plotSweep(labels)
    assert.deepStrictEqual(Object.keys((node.definition as { inputs: object }).inputs), labels)
    assert.strictEqual(Plot.name, "plot")
    const dir = mkdtempSync(join(tmpdir(), "plot-sweep-"))
    try {
      await bodyOf(node)(inputs, { params, dir })
      const plot = await sweepPlot(falling, options)
      assert.deepStrictEqual(readdirSync(dir).sort(), [
        "attack-success.png",
        "attack-success.svg",
        "points.json",
        "points.md"
      ])
      assert.strictEqual(readFileSync(join(dir, "attack-success.svg"), "utf8"), plot.svg)
      assert.deepStrictEqual(JSON.parse(readFileSync(join(dir, "points.json"), "utf8")), plot.points)
      assert.isTrue(readFileSync(join(dir, "attack-success.png")).equals(plot.png))
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it("report the table with notes, the headline no wider than a terminal", async () => {
    const report = await bodyOf(reportSweep(labels))(inputs, { params, dir: "" }) as (typeof Report)["schema"]["Type"]
    assert.include(report.markdown, "# Attack success\n")
    assert.include(report.markdown, "| 25 %        | 1600 |     47.0 (45–49) |")
    for (const line of report.headline.split("\n")) assert.isAtMost(line.length, 110)
    assert.match(report.headline, /^- A note .*\n {2}\w/mu)
  })

  it("refuse a label without a point and name the known ones", async () => {
    const message = await bodyOf(plotSweep(["x"]))({ x: inputs[labels[0]!] }, {
      params: { ...params, arms: { y: { x: 0, seed: 0 } } },
      dir: ""
    })
      .catch(String)
    assert.include(String(message), "arm x has no point: `arms` names y")
  })
})
