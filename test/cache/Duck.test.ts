/** SQL over tables: names and types, what changes from run to run, results as cells, and how refusals help. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Cell, ColumnType, TableSchema } from "../../cache/Columns.ts"
import * as Duck from "../../cache/Duck.ts"
import { Store } from "../../cache/Store.ts"
import { flat, list, schemaOf, schemas, struct, tables, verdict } from "./support/duckTables.ts"
import { temporaryStore } from "./support/tempStore.ts"

describe("bind", () => {
  it.effect("names and types of the result", () =>
    Effect.gen(function*() {
      const { columns } = yield* Duck.bind(
        "select id, tokens + 1 as next, tags, usage, score > 1 as high, sum(tokens) over () as total from answer",
        schemas
      )
      assert.deepStrictEqual(columns, [
        { name: "id", type: "VARCHAR" },
        { name: "next", type: "BIGINT" },
        { name: "tags", type: "VARCHAR[]" },
        { name: "usage", type: "STRUCT(\"input\" BIGINT, \"output\" BIGINT)" },
        { name: "high", type: "BOOLEAN" },
        { name: "total", type: "HUGEINT" }
      ])
    }))

  it.effect.each([
    ["select random() as r, id from answer", ["random"]],
    ["select now() as t", ["now"]],
    ["select current_timestamp as t, current_date as d", ["current_date", "get_current_timestamp"]],
    ["select gen_random_uuid() as u from answer", ["gen_random_uuid"]],
    ["select id from answer using sample 2", ["sample"]],
    ["select id from answer tablesample 50%", ["sample"]],
    ["select id from answer order by random()", ["random"]],
    ["with r as (select random() as x) select id from answer where score > (select x from r)", ["random"]],
    ["select case when false then uuid()::varchar else id end as u from answer", ["uuid"]],
    ["select current_setting('TimeZone') as zone", ["current_setting"]],
    ["select count(*) as n from duckdb_settings()", ["duckdb_settings"]],
    ["select id, i from answer, range(2) r(i)", []],
    ["select md5(prompt) as h, (select max(id) from verdict) as m from answer", []]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<string>]>)(
    "what changes from run to run in: %s",
    ([sql, volatile]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual((yield* Duck.bind(sql, schemas)).volatile, volatile)
      })
  )

  it.effect("a syntax error is refused in DuckDB's words, with its place", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(Duck.bind("select id from answer\nwhere union", schemas))
      assert.match(refused.message, /^syntax error at or near "union"\nline 2: where union\n +\^$/)
    }))

  it.effect("an unknown column is refused with its place and the nearest name", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(Duck.bind("select id,\n  'ü' as u, promt\nfrom answer", schemas))
      assert.instanceOf(refused, Duck.SqlRefused)
      assert.strictEqual(refused.nearest, "prompt")
      assert.strictEqual(refused.position, 23)
      assert.strictEqual(
        refused.message,
        [
          "Referenced column \"promt\" not found in FROM clause!; did you mean prompt?",
          "line 2:   'ü' as u, promt",
          "                    ^"
        ].join("\n")
      )
    }))

  it.effect.each([
    ["select id from anser", /anser does not exist!; did you mean answer\?/],
    ["selec id", /syntax error/],
    ["", /No statement/],
    ["select 1; select 2", /multiple statements/],
    ["create table x (a int)", /only a SELECT/],
    ["drop table answer", /only a SELECT/],
    ["delete from answer", /only a SELECT/],
    ["explain select 1", /only a SELECT/],
    ["set threads = 4", /./],
    ["copy answer to 'x.csv'", /disabled by configuration/],
    ["select * from read_text('/etc/hostname')", /disabled by configuration/],
    ["select * from 'x.parquet'", /./],
    ["install httpfs", /./],
    ["attach 'x.db'", /./]
  ] as ReadonlyArray<readonly [string, RegExp]>)("refuses: %s", ([sql, message]) =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(Duck.bind(sql, schemas))
      assert.instanceOf(refused, Duck.SqlRefused)
      assert.match(refused.message, message)
    }))
})

describe("query", () => {
  it.effect("every type with nulls, over more rows than one vector and one chunk", () =>
    Effect.gen(function*() {
      const types: ReadonlyArray<readonly [ColumnType, (i: number) => Cell]> = [
        [flat("string"), (i) => i % 2 === 0 ? `a\0b ${i}` : `longer than twelve bytes, ü 💥 ${i}`],
        [flat("bool"), (i) => i % 2 === 0],
        [flat("int32"), (i) => i - 500],
        [flat("int64"), (i) => i * 2 ** 39 - 9],
        [flat("float64"), (i) => i / 3],
        [flat("binary"), (i) => new Uint8Array([i & 255, 0, 200])],
        [list(flat("string")), (i) => [null, `x${i}`, "", "a text of more than twelve"].slice(0, i % 5)],
        [list(list(flat("int32"))), (i) => [[i, null], null, []]],
        [struct({ a: flat("string"), b: list(flat("bool")) }), (i) =>
          i % 2 === 0 ? { a: null, b: [true, null] } : { a: `q${i}`, b: null }],
        [list(struct({ x: flat("float64") })), (i) => [{ x: i / 2 }, null, { x: null }]]
      ]
      const rows = 9000
      const schema = types.map(([type], k) => ({ name: `c${k}`, type }))
      const columns = Object.fromEntries(types.map(([, make], k) => [
        `c${k}`,
        Array.from({ length: rows }, (_, i) =>
          i % (k + 3) === 0 ? null : make(i))
      ]))
      const store = yield* Store
      const manifest = yield* store.putTable(schema, columns, rows)
      const result = yield* Duck.query("from t", { t: Duck.fromManifest(store, manifest) })
      assert.strictEqual(result.rows, rows)
      for (const { name } of schema) assert.deepStrictEqual(result.columns[name], columns[name], name)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("fields of a null struct are null, even where the field may not be", () =>
    Effect.gen(function*() {
      const schema: TableSchema = [{
        name: "s",
        type: { kind: "struct", nullable: true, fields: [{ name: "a", type: { kind: "string", nullable: false } }] }
      }]
      const table = Duck.fromColumns(schema, { s: [null, { a: "x" }] }, 2)
      assert.deepStrictEqual((yield* Duck.query("select s.a as a from t", { t: table })).columns, { a: [null, "x"] })
    }))

  it.effect("integers beyond what a number holds stay bigints", () =>
    Effect.gen(function*() {
      const table = Duck.fromColumns(schemaOf({ n: flat("bigint") }), { n: [2n ** 62n, 7n, null] }, 3)
      assert.deepStrictEqual((yield* Duck.query("select n from t", { t: table })).columns, { n: [2n ** 62n, 7, null] })
    }))

  it.effect("orders by the columns asked for, whatever the statement ends with", () =>
    Effect.gen(function*() {
      for (
        const sql of [
          "select id, tokens from answer order by id",
          "select id, tokens from answer;",
          "select id, tokens from answer -- it's all\n;; -- done"
        ]
      ) {
        assert.deepStrictEqual((yield* Duck.query(sql, tables, { orderBy: ["tokens"] })).columns["id"], [
          "b",
          "c",
          "a",
          "d"
        ])
      }
    }))

  it.effect("an empty table and an empty result still have columns", () =>
    Effect.gen(function*() {
      const empty = Duck.fromColumns(verdict, { id: [], label: [], weight: [] }, 0)
      const result = yield* Duck.query("select id, weight from verdict", { verdict: empty })
      assert.deepStrictEqual(result, {
        schema: [{ name: "id", type: "VARCHAR" }, { name: "weight", type: "DOUBLE" }],
        columns: { id: [], weight: [] },
        rows: 0
      })
    }))

  it.effect.each(
    [
      ["select sum(tokens) as total from answer", "column total of the result is HUGEINT", "::BIGINT"],
      ["select 1.5 as x", "column x of the result is DECIMAL(2,1)", "::DOUBLE"],
      ["select date '2026-01-02' as day", "column day of the result is DATE", "::VARCHAR"],
      ["select [sum(tokens)] as totals from answer", "column totals of the result is HUGEINT[]", "::BIGINT"]
    ] as const
  )("refuses a type no table can hold, naming the cast: %s", ([sql, found, cast]) =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(Duck.query(sql, tables))
      assert.include(refused.message, found)
      assert.include(refused.message, cast)
    }))

  it.effect("shows such types to people when asked to", () =>
    Effect.gen(function*() {
      const { columns } = yield* Duck.query(
        "select sum(tokens) as total, 1.50 as x, timestamptz '2026-01-02 03:04:05+00' as t from answer",
        tables,
        { display: true }
      )
      assert.deepStrictEqual(columns, { total: [10], x: ["1.50"], t: ["2026-01-02 03:04:05+00"] })
    }))

  it.effect("refuses two columns of one name", () =>
    Effect.gen(function*() {
      assert.match(
        (yield* Effect.flip(Duck.query("select id, id from answer", tables))).message,
        /two columns named id/
      )
    }))

  it.effect("knows no time zone but UTC", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        (yield* Duck.query("select (timestamptz '2026-07-01 00:00:00+00')::varchar as t", {})).columns,
        { t: ["2026-07-01 00:00:00+00"] }
      )
    }))

  it.effect("an error while running is a refusal too", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(Duck.query("select prompt::int as n from answer", tables))
      assert.instanceOf(refused, Duck.SqlRefused)
      assert.match(refused.message, /Could not convert string 'one' to INT32/)
    }))

  it.effect("statements at the same time do not see each other's tables", () =>
    Effect.gen(function*() {
      const results = yield* Effect.forEach(
        [1, 2, 3, 4],
        (n) => Duck.query("select n from t", { t: Duck.fromColumns(schemaOf({ n: flat("int64") }), { n: [n] }, 1) }),
        { concurrency: 4 }
      )
      assert.deepStrictEqual(results.map((result) => result.columns["n"]), [[1], [2], [3], [4]])
    }))

  it.effect("an interrupted statement stops, and the next one runs", () =>
    Effect.gen(function*() {
      const endless = "with recursive r(n) as (select 1 union all select n from r) select count(*) as n from r"
      const fiber = yield* Effect.forkChild(Duck.query(endless, {}), { startImmediately: true })
      assert.deepStrictEqual((yield* Duck.query("select 1 as one", {})).columns, { one: [1] })
      assert.isTrue(Exit.hasInterrupts(yield* Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber))))
      assert.deepStrictEqual((yield* Duck.query("select 2 as two", {})).columns, { two: [2] })
    }))
})
