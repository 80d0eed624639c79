/** What a notebook sees of a cache: which results are the latest, names, sweeps, rows. */
import { afterEach, assert, describe, it } from "vitest"
import { open } from "../../notebooks/library/open.ts"
import { type MadeRun, type MadeTable, makeCache, texts } from "./support/madeCache.ts"

const cleanups: Array<() => void> = []
afterEach(() => cleanups.splice(0).forEach((remove) => remove()))

const cacheOf = async (runs: ReadonlyArray<MadeRun>) => {
  const made = await makeCache(runs)
  cleanups.push(made.remove)
  return made
}

const rejection = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(() => assert.fail("it did not reject"), (error: Error) => error)

const run = (number: number, tables: MadeRun["tables"], rest: Partial<MadeRun> = {}): MadeRun => ({
  run: `run-${number}`,
  experiment: "experiments/a",
  startedAt: `2026-01-01T00:00:0${number}.000Z`,
  ok: true,
  tables,
  ...rest
})

const scores = (hits: ReadonlyArray<number>): MadeTable => ({
  types: { set: "string", hits: "int64" },
  cells: { set: hits.map((_, i) => `set ${i}`), hits }
})

describe("the latest results", () => {
  it("are those of the last run that went through, and of what ran since", async () => {
    const { folder, putRun } = await cacheOf([
      run(1, { gone: texts({ v: ["old"] }), early: texts({ v: ["1"] }), late: texts({ v: ["1"] }) }),
      run(2, { early: texts({ v: ["2"] }), late: texts({ v: ["2"] }) })
    ])
    const cache = await open({ cache: folder })
    assert.deepStrictEqual((await cache.tables()).map(({ name }) => name), [
      "early",
      "early@before",
      "late",
      "late@before"
    ])
    assert.deepStrictEqual(await cache.sql`select early.v e, late.v l from early, late`, [{ e: "2", l: "2" }])

    // A run begins: the same handle sees its first node, and the others as they were.
    const { ok: _, ...running } = run(3, { early: texts({ v: ["3"] }) })
    await putRun(running)
    assert.deepStrictEqual(await cache.sql`select early.v e, late.v l from early, late`, [{ e: "3", l: "2" }])
    assert.deepStrictEqual(
      (await cache.nodes()).map(({ label, rows, run }) => [label, rows, run]),
      [["early", 1, "run-3"], ["late", 1, "run-2"]]
    )
    await putRun(run(4, { early: texts({ v: ["4"] }) }, { ok: false }))
    assert.deepStrictEqual(await cache.sql`select early.v e, late.v l from early, late`, [{ e: "4", l: "2" }])
  })

  it("keep the result before the last change, whatever ran since", async () => {
    const { folder } = await cacheOf([
      run(1, { node: texts({ v: ["first"] }) }),
      run(2, { node: texts({ v: ["second"] }) }),
      run(3, { node: texts({ v: ["third"] }) }),
      run(4, { node: texts({ v: ["third"] }) })
    ])
    const cache = await open({ cache: folder })
    assert.deepStrictEqual(
      await cache.sql`select new.v as after, old.v as before from node new, "node@before" old`,
      [{ after: "third", before: "second" }]
    )
  })

  it("of two experiments are told apart, and the one that ran last goes first", async () => {
    const { folder } = await cacheOf([
      run(1, { node: texts({ v: ["a"] }), other: texts({ v: ["a"] }) }),
      run(2, { node: texts({ v: ["b"] }) }, { experiment: "experiments/b" })
    ])
    const all = await open({ cache: folder })
    assert.deepStrictEqual(await all.sql`select node.v n, other.v o from node, other`, [{ n: "b", o: "a" }])
    assert.isFalse(await all.has("node@before"), "another experiment's result is no earlier one")
    const a = await open({ cache: folder, experiment: "experiments/a.ts" })
    assert.deepStrictEqual(await a.table("node"), [{ v: "a" }])
    const b = await open({ cache: folder, experiment: "experiments/b" })
    assert.isTrue(await b.has("NODE"))
    assert.isFalse(await b.has("other"))
  })
})

describe("names", () => {
  it("with colons, quotes and brackets are tables in quotes", async () => {
    const { folder } = await cacheOf([
      run(1, { "scores:base": texts({ v: ["x"] }), "odd \"name\"": texts({ v: ["y"] }) })
    ])
    const cache = await open({ cache: folder })
    assert.deepStrictEqual(
      await cache.sql`select a.v || b.v as joined from "scores:base" a, "odd ""name""" b`,
      [{ joined: "xy" }]
    )
  })

  it("that do not exist are answered with the nearest, or all", async () => {
    const { folder } = await cacheOf([run(1, { critique: texts({ v: ["x"] }) })])
    const cache = await open({ cache: folder })
    assert.include((await rejection(cache.sql`select * from critiqe`)).message, "did you mean critique?")
    assert.include((await rejection(cache.arrow`select w from critique`)).message, "\n  columns of critique: v")
    assert.match(
      (await rejection(cache.table("critiqe"))).message,
      /no table critiqe\n {2}did you mean critique\? tables: critique$/
    )
    assert.include((await rejection(open({ cache: `${folder}/none` }))).message, "run an experiment first")
  })
})

describe("a sweep", () => {
  it("is one table with its axes as columns, in the order of the arms", async () => {
    const { folder } = await cacheOf([
      run(1, {
        "scores[fraction=0.05,seed=1,judge=strict, half,on=true]": scores([1, 2]),
        "scores[fraction=1,seed=2,judge=loose,on=false]": scores([4]),
        "shared[fraction=1]": scores([8])
      })
    ])
    const cache = await open({ cache: folder })
    assert.deepStrictEqual(await cache.table("scores"), [
      { fraction: 0.05, seed: 1, judge: "strict, half", on: true, set: "set 0", hits: 1 },
      { fraction: 0.05, seed: 1, judge: "strict, half", on: true, set: "set 1", hits: 2 },
      { fraction: 1, seed: 2, judge: "loose", on: false, set: "set 0", hits: 4 }
    ])
    assert.deepStrictEqual(
      await cache.sql<{ fraction: number; hits: number }>`
        select fraction, sum(hits) hits from scores where seed < 3 group by all order by all`,
      [{ fraction: 0.05, hits: 3 }, { fraction: 1, hits: 4 }]
    )
    assert.deepStrictEqual(await cache.sql`select count(*) n from scores`, [{ n: 3 }])
    assert.deepStrictEqual(await cache.sql`select hits from "shared[fraction=1]"`, [{ hits: 8 }])
    assert.deepStrictEqual(
      (await cache.tables()).find(({ name }) => name === "scores"),
      { name: "scores", rows: 3, columns: ["fraction", "seed", "judge", "on", "set", "hits"] }
    )
  })

  it("has null for an axis that an arm shares, and another name for an axis that is a column", async () => {
    const { folder } = await cacheOf([
      run(1, { "scores[set=easy]": scores([1]), "scores[set=hard,seed=007]": scores([2]) })
    ])
    const cache = await open({ cache: folder })
    assert.deepStrictEqual(await cache.table("scores"), [
      { axis_set: "easy", seed: null, set: "set 0", hits: 1 },
      { axis_set: "hard", seed: "007", set: "set 0", hits: 2 }
    ])
  })

  it("goes behind a node of the same name, and is refused where arms differ in shape", async () => {
    const { folder } = await cacheOf([
      run(1, {
        "taken[x=1]": texts({ v: ["arm"] }),
        taken: texts({ v: ["node"] }),
        "mixed[x=1]": texts({ v: ["1"] }),
        "mixed[x=2]": texts({ w: ["2"] })
      })
    ])
    const cache = await open({ cache: folder })
    assert.deepStrictEqual(await cache.table("taken"), [{ v: "node" }])
    const { message } = await rejection(cache.sql`select v from mixed`)
    assert.include(message, "mixed[x=1] and mixed[x=2] have different columns")
    assert.deepStrictEqual(await cache.sql`select w from "mixed[x=2]"`, [{ w: "2" }])
  })
})

describe("rows", () => {
  it("hold numbers where SQL has decimals and wide integers", async () => {
    const { folder } = await cacheOf([run(1, { scores: scores([1, 2]) })])
    const cache = await open({ cache: folder })
    assert.deepStrictEqual(
      await cache
        .sql`select sum(hits) s, sum(hits * 0.5) d, null::decimal(4, 1) z, [0.5] l, 9007199254740993 b from scores`,
      [{ s: 3, d: 1.5, z: null, l: ["0.5"], b: 9007199254740993n }]
    )
  })

  it("cannot be changed, and values are data", async () => {
    const { folder } = await cacheOf([run(1, { t: texts({ v: ["a", "' or 1=1 --"] }) })])
    const cache = await open({ cache: folder })
    for (const found of await cache.table<{ v: string }>("t")) {
      assert.deepStrictEqual(await cache.sql`select v from t where v = ${found.v}`, [found])
    }
    assert.include((await rejection(cache.sql`delete from t`)).message, "SELECT")
    await rejection(cache.sql`select * from read_text('/etc/hostname')`)
    await rejection(cache.sql`select 1; select 2`)
  })
})
