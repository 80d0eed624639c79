/** Which tables a statement is run over, and which runs they are of. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { assert, describe, it } from "vitest"
import * as Duck from "../../../cache/Duck.ts"
import type { RunRecord } from "../../../cache/Manifest.ts"
import { chosenRuns } from "../../../runtime/query/chosenRuns.ts"
import { mentionedTables, select, selectPieces } from "../../../runtime/query/select.ts"
import { sweepTable } from "../../../runtime/query/sweepTable.ts"
import type { NamedTable } from "../../../runtime/query/tablesByName.ts"

const tables = (...names: ReadonlyArray<string>): ReadonlyMap<string, NamedTable> =>
  new Map(names.map((name) => [
    name.toLowerCase(),
    {
      name,
      rows: 1,
      table: Duck.fromColumns([{ name: "v", type: { kind: "string", nullable: false } }], { v: [name] }, 1)
    }
  ]))

describe("select", () => {
  it("looks only at tables that the statement mentions", () => {
    const all = tables("Critique", "critique@before", "odd \"name\"", "scores:base", "scores:grpo")
    const mentioned = (statement: string) => [...mentionedTables(statement, all).keys()]
    assert.deepStrictEqual(mentioned("select * from CRITIQUE"), ["critique"])
    assert.deepStrictEqual(mentioned("from \"Scores:base\", \"odd \"\"name\"\"\""), ["odd \"name\"", "scores:base"])
    assert.deepStrictEqual(mentioned("select 1"), [])
  })

  it("finds a table whose name is put together", async () => {
    const { columns } = await Effect.runPromise(
      select("select v from query_table('cri' || 'tique')", tables("critique", "other"))
    )
    assert.deepStrictEqual(columns, { v: ["critique"] })
  })

  it("keeps the cells of the first rows and counts all", async () => {
    const found = await Effect.runPromise(select("select i::integer i from range(5000) r(i)", tables(), 2100))
    assert.deepStrictEqual([found.rows, found.columns["i"]!.length, found.columns["i"]!.at(-1)], [5000, 2100, 2099])
    const none = await Effect.runPromise(select("select 1 a", tables(), 0))
    assert.deepStrictEqual([none.rows, none.columns], [1, { a: [] }])
  })

  it("gives pieces that end where no more rows are wanted", async () => {
    // all of it would take minutes
    const pieces = await Effect.runPromise(
      Stream.runCollect(selectPieces("select i::bigint i from range(10000000000) r(i)", tables(), 3000))
    )
    assert.deepStrictEqual(pieces.map(({ rows }) => rows), [2048, 952])
    assert.deepStrictEqual(pieces.flatMap(({ columns }) => columns["i"]!.slice(0, 1)), [0, 2048])
    const none = await Effect.runPromise(Stream.runCollect(selectPieces("select 1 a where false", tables())))
    assert.deepStrictEqual(none.map(({ columns, rows }) => [rows, columns]), [[0, { a: [] }]])
  })

  it("does not look at the hundreds of other tables of a sweep, also where a column is excluded", async () => {
    let made = 0
    const counted = new Map([...tables(...Array.from({ length: 300 }, (_, i) => `arm[seed=${i}]`), "node")].map((
      [key, named]
    ) => [key, {
      ...named,
      table: {
        ...named.table,
        get schema() {
          made++
          return named.table.schema
        }
      }
    }]))
    const { columns } = await Effect.runPromise(
      select("select * exclude (w) from (select *, 1 as w from node)", counted)
    )
    assert.deepStrictEqual(columns, { v: ["node"] })
    assert.isBelow(made, 20)
  })
})

describe("sweepTable", () => {
  const arm = (seed: number, types: string) => ({
    label: `node[seed=${seed}]`,
    point: { seed: String(seed) },
    table: Duck.fromColumns([{ name: "v", type: JSON.parse(types) }], { v: [["a"]] }, 1)
  })

  it("joins arms whose types were written with their fields in another order", async () => {
    const table = sweepTable("node", [
      arm(0, "{\"kind\":\"list\",\"nullable\":false,\"item\":{\"kind\":\"string\",\"nullable\":false}}"),
      arm(1, "{\"item\":{\"nullable\":false,\"kind\":\"string\"},\"nullable\":false,\"kind\":\"list\"}")
    ])
    const { columns } = await Effect.runPromise(
      select("select seed, v from node", new Map([["node", { name: "node", rows: 2, table }]]))
    )
    assert.deepStrictEqual(columns, { seed: [0, 1], v: [["a"], ["a"]] })
  })
})

describe("chosenRuns", () => {
  const record = (run: string, experiment: string): RunRecord => ({ run, experiment, startedAt: run, nodes: [] })
  const runs = [record("4", "b"), record("3", "a"), record("2", "b"), record("1", "a")]
  const names = (choice: Parameters<typeof chosenRuns>[1]) => chosenRuns(runs, choice).map(({ run }) => run)

  it("are all, those of an experiment, or a run and what it was completed by", () => {
    assert.deepStrictEqual(names({}), ["4", "3", "2", "1"])
    assert.deepStrictEqual(names({ experiment: "./a.ts" }), ["3", "1"])
    assert.deepStrictEqual(names({ run: "3" }), ["3", "1"])
    assert.deepStrictEqual(names({ run: "2" }), ["2"])
    assert.deepStrictEqual(names({ run: "2", experiment: "b" }), ["2"])
    assert.deepStrictEqual(names({ run: "2", experiment: "a" }), [])
    assert.deepStrictEqual(names({ run: "9" }), [])
  })
})
