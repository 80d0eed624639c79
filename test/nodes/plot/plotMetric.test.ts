/** Metrics of a made cache, from their names to points: columns, rates, numbers in values; and what is refused. */
import * as Effect from "effect/Effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { listPlottable, plotMetric, type PlotQuestion } from "../../../nodes/plot/plotMetric.ts"
import * as CacheStore from "../../../cache/Store.ts"
import { existingCache } from "../../../runtime/query/existingCache.ts"
import { type MadeTable, makeCache } from "../../notebooks/support/madeCache.ts"

const scores = (rows: ReadonlyArray<readonly [set: string, metric: string, hits: number, n: number]>): MadeTable => ({
  types: { set: "string", metric: "string", hits: "int64", n: "int64", cost: "float64" },
  cells: {
    set: rows.map(([set]) => set),
    metric: rows.map(([, metric]) => metric),
    hits: rows.map(([, , hits]) => hits),
    n: rows.map(([, , , n]) => n),
    cost: rows.map(([, , hits], i) => (i === 0 ? NaN : hits))
  }
})

const arm = (hits: number) =>
  scores([["plain", "attackSuccess", hits, 10], ["wrapped", "attackSuccess", hits + 1, 10], [
    "category: art",
    "attackSuccess",
    10,
    10
  ], ["plain", "other", 0, 10]])

let made: Awaited<ReturnType<typeof makeCache>>
beforeAll(async () => {
  made = await makeCache([{
    run: "run-1",
    experiment: "experiments/sweep",
    startedAt: "2026-01-01T00:00:01.000Z",
    ok: true,
    tables: {
      "scores:a[fraction=0.5,seed=0]": arm(4),
      "scores:a[fraction=0.5,seed=1]": arm(2),
      "scores:a[fraction=0.05,seed=0]": arm(8),
      "scores:b[fraction=0.5,mode=x]": arm(1),
      "scores:b[fraction=0.5,mode=y]": arm(3)
    }
  }, {
    run: "run-2",
    experiment: "experiments/single",
    startedAt: "2026-01-01T00:00:02.000Z",
    ok: true,
    tables: {
      "scores:a": arm(5),
      steps: { types: { step: "int64", loss: "float64" }, cells: { step: [2, 1, 1], loss: [0.5, 1, 3] } }
    }
  }])
  await Effect.runPromise(
    Effect.gen(function*() {
      const store = yield* CacheStore.Store
      const nodes = []
      for (const [seed, accuracy] of [[0, 0.2], [1, 0.4]] as const) {
        const manifest = yield* store.putValue({ best: { accuracy }, name: "x" })
        nodes.push({ label: `summary[size=7,seed=${seed}]`, node: "summary", state: "ran", manifest })
      }
      const startedAt = "2026-01-01T00:00:03.000Z"
      yield* store.putRun({ run: "run-3", experiment: "experiments/values", startedAt, ok: true, nodes })
    }).pipe(Effect.provide(CacheStore.layer(made.folder)))
  )
})
afterAll(() => made.remove())

const ask = (metric: string, x: string, rest: Partial<PlotQuestion> = {}) =>
  plotMetric({ metric, x, by: [], where: undefined, title: undefined, choice: {}, ...rest }).pipe(
    Effect.provide(existingCache(made.folder))
  )

const plotted = (metric: string, x: string, rest: Partial<PlotQuestion> = {}) => Effect.runPromise(ask(metric, x, rest))

const refusal = async (metric: string, x: string, rest: Partial<PlotQuestion> = {}): Promise<string> =>
  (await Effect.runPromise(Effect.flip(ask(metric, x, rest)))).message

const values = async (...question: Parameters<typeof plotted>) =>
  (await plotted(...question)).lines.map(({ line, points }) => [line, points.map(({ n, value, x }) => [x, value, n])])

describe("plotMetric", () => {
  it("adds up a rate over sets but not over breakdowns, along a sweep that a later single run does not hide", async () => {
    assert.deepStrictEqual(await values("attackSuccess", "fraction", { by: ["mode"] }), [["x", [[0.5, 3 / 20, 20]]], [
      "y",
      [[0.5, 7 / 20, 20]]
    ]])
    assert.deepStrictEqual(await values("scores:a.attackSuccess", "fraction"), [["", [[0.05, 17 / 20, 20], [
      0.5,
      14 / 40,
      40
    ]]]])
  })

  it("tells lines apart by columns, pools seeds and keeps them as dots", async () => {
    const { lines, svg } = await plotted("scores:a.attackSuccess", "fraction", {
      by: ["set"],
      where: "\"set\" in ('plain', 'wrapped')"
    })
    assert.deepStrictEqual(lines.map(({ line }) => line), ["plain", "wrapped"])
    assert.deepStrictEqual(lines[0]!.points[1]!.seeds, [{ seed: "0", value: 0.4 }, { seed: "1", value: 0.2 }])
    assert.include(svg, ">wrapped</text>")
    assert.include(svg, ">0.05</text>")
    assert.match(svg, /Wilson intervals, 2 seeds pooled; dots: single seeds/u)
  })

  it("means a column, leaving out what is no number", async () => {
    assert.deepStrictEqual(await values("loss", "step"), [["", [[1, 2, 2], [2, 0.5, 1]]]])
    // the first cost of each arm is NaN: 5, 10 and 0 are left of the arm with 4 hits, 3, 10 and 0 of that with 2
    const [[, points]] = await values("scores:a.cost", "fraction") as [[string, Array<[number, number, number]>]]
    assert.approximately(points[1]![1], (15 / 3 + 13 / 3) / 2, 1e-12)
  })

  it("reads a number in the values of arms by its path", async () => {
    const { lines, node } = await plotted("best.accuracy", "size")
    assert.strictEqual(node, "summary")
    const [point] = lines[0]!.points
    assert.approximately(point!.value, 0.3, 1e-12)
    // 0.2 and 0.4: deviation 0.1414, half width 12.7062 · 0.1
    assert.approximately(point!.interval!.hi, 0.3 + 1.27062047, 1e-6)
    assert.lengthOf(point!.seeds, 2)
  })

  it("lists what there is, sweeps first", async () => {
    const lines = await Effect.runPromise(listPlottable({}).pipe(Effect.provide(existingCache(made.folder))))
    const at = lines.indexOf("scores:b  (experiments/sweep)")
    assert.deepStrictEqual(lines.slice(at + 1, at + 3), [
      "  attackSuccess, other, hits, n, cost",
      "  --x fraction, cost, n, hits  --by mode, set, metric"
    ])
    assert.include(lines, "  best.accuracy")
    assert.notInclude(lines.join("\n"), "[fraction=")
  })

  it("refuses what it cannot draw, with what it could", async () => {
    assert.match(await refusal("atackSuccess", "fraction"), /called atackSuccess\n {2}did you mean attackSuccess\?/u)
    assert.match(
      await refusal("attackSuccess", "fractoin"),
      /has no axis or column fractoin\n {2}did you mean fraction\?/u
    )
    assert.match(await refusal("scores:b.attackSuccess", "mode"), /mode holds no numbers/u)
    assert.strictEqual(
      await refusal("scores:b.attackSuccess", "fraction"),
      "the sweep also has 2 values of mode, which a plot must not mix\n"
        + "  tell lines apart with --by mode, or choose one value with --where"
    )
    assert.match(
      await refusal("hits", "fraction"),
      /hits is in several nodes\n {2}say which: scores:a\.hits, scores:b\.hits/u
    )
    assert.match(await refusal("scores:a.hits", "fraction", { by: ["fraction"] }), /is the x axis/u)
    assert.match(
      await refusal("scores:a.hits", "fraction", { where: "sett = 1" }),
      /--where sett = 1: .*\n {2}did you mean set\?/u
    )
    assert.match(await refusal("scores:a.hits", "fraction", { where: "false" }), /no rows are left/u)
    assert.match(await refusal("best.accuracy", "size", { where: "true" }), /is no table/u)
    assert.match(await refusal("hits", "fraction", { choice: { experiment: "experiments/none" } }), /no run .* is of/u)
  })
})
