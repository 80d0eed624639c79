/** `pipeline query` as a user runs it: what it answers, in which form, and how it refuses. */
import { tableFromIPC } from "apache-arrow"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as CacheStore from "../../../cache/Store.ts"
import { type MadeRun, makeCache, texts } from "../../notebooks/support/madeCache.ts"
import { pipeline, temporaryFolder } from "../../support/pipeline.ts"

/** What a model may write: HTML, an escape sequence, quotes, a line feed, a mark that turns the direction of text. */
const hostile = "<b>\u001b[31m,\"q\"\nx\u202e\u009b"

const run = (number: number, tables: MadeRun["tables"], rest: Partial<MadeRun> = {}): MadeRun => ({
  run: `run-${number}`,
  experiment: "experiments/a",
  startedAt: `2026-01-01T00:00:0${number}.000Z`,
  ok: true,
  tables,
  ...rest
})

const hits = (...cells: ReadonlyArray<number>) => ({ types: { hits: "int64" as const }, cells: { hits: cells } })

let made: Awaited<ReturnType<typeof makeCache>>
const outputs = temporaryFolder()

const query = (...args: ReadonlyArray<string>) => pipeline("query", "--cache", made.folder, ...args)

/** The rows of a statement, which has to go through. */
const rows = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<unknown>> => {
  const { exitCode, stderr, stdout } = await query(...args, "--format", "json")
  assert.deepStrictEqual([exitCode, stderr], [0, ""])
  return JSON.parse(stdout)
}

const assertRefused = async (args: ReadonlyArray<string>, message: string) => {
  assert.deepStrictEqual(await query(...args).then(({ exitCode, stderr, stdout }) => ({ exitCode, stderr, stdout })), {
    exitCode: 2,
    stderr: `error: ${message}\n`,
    stdout: ""
  })
}

beforeAll(async () => {
  made = await makeCache([
    run(1, { critique: texts({ id: ["p1", "p2"], answer: [hostile, null] }), "scores:base": hits(1) }),
    run(2, {
      critique: texts({ id: ["p1"], answer: ["new"] }),
      "scores:base": hits(1, 2),
      "sweep[fraction=0.5,seed=1]": hits(3),
      "sweep[fraction=1,seed=1]": hits(4, 5)
    }),
    run(3, { other: hits(7) }, { experiment: "experiments/b" })
  ])
})
afterAll(() => {
  made.remove()
  outputs.remove()
})

describe("a statement", () => {
  it("reads the latest state, the one before a change, one run's, or one experiment's", async () => {
    const ids = "select id from critique"
    const [latest, before, past, other] = await Promise.all([
      rows(ids),
      rows("select id from \"critique@before\" order by id"),
      rows(ids, "--run", "run-1"),
      rows("select hits from other", "--experiment", "experiments/b.ts")
    ])
    assert.deepStrictEqual(latest, [{ id: "p1" }])
    assert.deepStrictEqual(before, [{ id: "p1" }, { id: "p2" }])
    assert.deepStrictEqual(past, [{ id: "p1" }, { id: "p2" }])
    assert.deepStrictEqual(other, [{ hits: 7 }])
  })

  it("reads a sweep as one table with its axes", async () => {
    assert.deepStrictEqual(
      await rows("select fraction, seed, sum(hits) as hits from sweep group by all order by all"),
      [
        { fraction: 0.5, seed: 1, hits: 3 },
        { fraction: 1, seed: 1, hits: 9 }
      ]
    )
  })

  it("can be left out: the tables there are", async () => {
    const { exitCode, stdout } = await query("--experiment", "experiments/a")
    assert.strictEqual(exitCode, 0)
    assert.strictEqual(
      stdout,
      `
table                       rows  columns
critique                       1  id, answer
critique@before                2  id, answer
scores:base                    2  hits
scores:base@before             1  hits
sweep[fraction=0.5,seed=1]     1  hits
sweep[fraction=1,seed=1]       2  hits
sweep                          3  fraction, seed, hits
7 rows
`.slice(1)
    )
  })

  it("sees what a run has done so far, from several processes at once", async () => {
    const live = await makeCache([run(1, { first: hits(1), second: hits(1) })])
    try {
      const { ok: _, ...going } = run(2, { first: hits(2) })
      await live.putRun(going)
      const ask = () =>
        pipeline("query", "select first.hits a, second.hits b from first, second", "--cache", live.folder, "--json")
      for (const { stdout } of await Promise.all([ask(), ask(), ask()])) {
        assert.deepStrictEqual(JSON.parse(stdout), [{ a: 2, b: 1 }])
      }
    } finally {
      live.remove()
    }
  })
})

describe("a format", () => {
  it("for people shows what a text hides and cuts at the limit", async () => {
    const asked = ["select * from critique order by id", "--run", "run-1"]
    assert.strictEqual(
      (await query(...asked)).stdout,
      "id  answer\np1  <b>␛[31m,\"q\"↵x\\u{202e}\\u{9b}\np2  null\n2 rows\n"
    )
    assert.strictEqual((await query(...asked, "--limit", "0")).stdout, "id  answer\n0 of 2 rows\n")
    const [long, all] = await Promise.all([
      query("select * from range(60) t(i)"),
      query("select * from range(60) t(i)", "--format", "csv")
    ])
    assert.match(long.stdout, /\n49\n50 of 60 rows\n$/)
    assert.strictEqual(all.stdout, ["i", ...Array.from({ length: 60 }, (_, i) => i), ""].join("\r\n"))
  })

  it("csv and json keep every character", async () => {
    const asked = ["select * from critique order by id", "--run", "run-1", "--format"]
    const [csv, json] = await Promise.all([query(...asked, "csv"), query(...asked, "json")])
    assert.strictEqual(csv.stdout, `id,answer\r\np1,"${hostile.replaceAll("\"", "\"\"")}"\r\np2,\r\n`)
    assert.deepStrictEqual(JSON.parse(json.stdout), [{ id: "p1", answer: hostile }, { id: "p2", answer: null }])
    assert.notMatch(json.stdout, /[^\n\x20-\x7e]/)
  })

  it("arrow is a stream that other programs read, here from a file", async () => {
    const file = join(outputs.path, "critique.arrow")
    const { exitCode, stdout } = await query(
      "select id, [answer] as answers, 1 as n from critique order by id",
      "--run",
      "run-1",
      "--format",
      "arrow",
      "--out",
      file
    )
    assert.deepStrictEqual([exitCode, stdout], [0, ""])
    assert.deepStrictEqual(JSON.parse(JSON.stringify(tableFromIPC(readFileSync(file)).toArray())), [
      { id: "p1", answers: [hostile], n: 1 },
      { id: "p2", answers: [null], n: 1 }
    ])
  })
})

describe("parquet", () => {
  it("goes to a file or into a pipe, but not onto a terminal's lines", async () => {
    const file = join(outputs.path, "critique.parquet")
    const asked = ["select id from critique order by id", "--run", "run-1", "--format", "parquet"]
    const [toFile, piped] = await Promise.all([query(...asked, "--out", file), query(...asked)])
    assert.deepStrictEqual([toFile.exitCode, toFile.stdout, piped.exitCode], [0, "", 0])
    // a Parquet file begins and ends with these letters; what it holds is held against DuckDB in formats.test.ts
    assert.strictEqual(readFileSync(file, "latin1").slice(0, 4), "PAR1")
    assert.match(piped.stdout, /^PAR1[^]*PAR1$/)
  })
})

describe("a refusal", () => {
  it("says where in the statement, and the nearest name", async () => {
    await assertRefused(
      ["select anser from critique"],
      "Referenced column \"anser\" not found in FROM clause!; did you mean answer?\n"
        + "line 1: select anser from critique\n               ^"
    )
    await assertRefused(
      ["select * from critiqe"],
      "Table with name critiqe does not exist!; did you mean critique?\nline 1: select * from critiqe\n"
        + "                      ^\n  tables: other, critique, scores:base, sweep"
    )
    await assertRefused(
      ["select * from scores:base"],
      "Table with name base does not exist!\nline 1: select * from scores:base\n                             ^\n"
        + "  a name like scores:base stands in double quotes, \"scores:base\", and so the whole statement in single ones"
    )
  })

  it("names the nearest column of the tables that are asked, all where none is near, and none for a function", async () => {
    await assertRefused(
      ["select c.anser from critique c"],
      "Table \"c\" does not have a column named \"anser\"; did you mean answer?\n"
        + "line 1: select c.anser from critique c\n               ^"
    )
    const far = await query("select zzzzzzzz from critique")
    assert.match(far.stderr, /not found in FROM clause!\nline 1: [^\n]*\n *\^\n {2}columns of critique: [^\n]*answer/u)
    const called = await query("select lenght(answer) from critique")
    assert.match(called.stderr, /Function with name lenght does not exist!\nline 1/u)
  })

  it("lets no text of a model act on the terminal", async () => {
    const { exitCode, stderr } = await query("select answer::int from critique", "--run", "run-1")
    assert.strictEqual(exitCode, 2)
    assert.include(stderr, "Could not convert string '<b>␛[31m")
    assert.notInclude(stderr, "\u001b")
  })

  it("of a statement that writes leaves the file as it was", async () => {
    const file = join(outputs.path, "none.csv")
    await assertRefused(
      ["delete from critique", "--format", "csv", "--out", file],
      "only a SELECT can be run over tables of the cache"
    )
    assert.isFalse(existsSync(file))
  })

  it("says why a node is no table", async () => {
    const other = await makeCache([])
    try {
      await Effect.runPromise(
        Effect.gen(function*() {
          const store = yield* CacheStore.Store
          const manifest = yield* store.putValue({ markdown: "text" })
          yield* store.putRun({
            run: "r",
            experiment: "e",
            startedAt: "2026-01-01T00:00:00.000Z",
            nodes: [
              { label: "report", node: "report", state: "ran", manifest },
              { label: "train", node: "train", state: "failed" }
            ]
          })
        }).pipe(Effect.provide(CacheStore.layer(other.folder)))
      )
      const [report, train] = await Promise.all(
        ["report", "train"].map((name) => pipeline("query", `from ${name}`, "--cache", other.folder))
      )
      assert.strictEqual(
        report!.stderr,
        "error: the result of report is a value, no table\n  `pipeline show report` prints it\n"
      )
      assert.strictEqual(
        train!.stderr,
        "error: train has no result yet (failed)\n  run its experiment, then ask again\n"
      )
      assert.deepStrictEqual([report!.exitCode, train!.exitCode], [2, 2])
    } finally {
      other.remove()
    }
  })

  it("of a result whose bytes are gone names the node and what makes it again", async () => {
    const lost = await makeCache([run(1, { kept: hits(1), critique: hits(2) })])
    try {
      for (const folder of ["blobs", "journal"]) {
        rmSync(join(CacheStore.baseOf(lost.folder), folder), { recursive: true })
      }
      const { exitCode, stderr } = await pipeline("query", "from critique", "--cache", lost.folder)
      assert.strictEqual(exitCode, 1)
      assert.match(stderr, /^error: critique: part of its result is not in the cache any more\n.*--force critique/)
    } finally {
      lost.remove()
    }
  })

  it("names the experiments and runs there are", async () => {
    await assertRefused(
      ["select 1", "--experiment", "experiments/c"],
      "no run in this cache is of experiments/c\n  did you mean experiments/b? experiments: experiments/b, experiments/a"
    )
    await assertRefused(
      ["select 1", "--run", "run-9"],
      "no run in this cache is named run-9\n  latest runs: run-3, run-2, run-1; `pipeline ls --runs` lists all"
    )
    await assertRefused(
      ["select 1", "--run", "run-3", "--experiment", "experiments/a"],
      "the run run-3 is of experiments/b, not of experiments/a\n  leave --experiment out"
    )
  })

  it("tells an empty cache from none, and makes none", async () => {
    const empty = await makeCache([])
    const nowhere = join(empty.folder, "nowhere")
    const [nothing, none] = await Promise.all(
      [empty.folder, nowhere].map((folder) => pipeline("query", "select 1", "--cache", folder))
    )
    const made = existsSync(nowhere)
    empty.remove()
    assert.strictEqual(
      nothing!.stderr,
      "error: no runs in this cache yet\n  start with: pipeline run experiments/quickstart.ts\n"
    )
    assert.match(none!.stderr, /^error: there is no cache in .*nowhere\n/)
    assert.deepStrictEqual([nothing!.exitCode, none!.exitCode, made], [2, 2, false])
  })
})
