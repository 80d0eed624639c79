/** What a statement reads: never too little, so that over those columns alone it gives the same rows. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import fs from "node:fs"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import type { Cell } from "../../cache/Columns.ts"
import * as Duck from "../../cache/Duck.ts"
import { withConnection } from "../../cache/duck/connect.ts"
import { toCell } from "../../cache/duck/result.ts"
import { appendRows, createTable } from "../../cache/duck/tables.ts"
import { Store } from "../../cache/Store.ts"
import { BlobMissing } from "../../cache/StoreFailed.ts"
import { answer, answers, flat, schemaOf, schemas, tables, verdict, verdicts } from "./support/duckTables.ts"
import { blobFile, temporaryStore } from "./support/tempStore.ts"

const everyAnswer = answer.map((column) => column.name)

/** Statements and the columns they read; a table that is not named is not read at all. */
const statements: ReadonlyArray<readonly [sql: string, reads: Readonly<Record<string, ReadonlyArray<string>>>]> = [
  ["select id from answer", { answer: ["id"] }],
  ["select id from answer where false", { answer: ["id"] }],
  ["select id from answer where score > 0.3 order by tokens", { answer: ["id", "score", "tokens"] }],
  ["select id from answer where 1 = 1 or prompt = 'x'", { answer: ["id", "prompt"] }],
  ["select count(*) as n from answer", { answer: [] }],
  ["select count(prompt) as n from answer", { answer: ["prompt"] }],
  ["select 1 as one", {}],
  ["select * from answer", { answer: everyAnswer }],
  ["from answer", { answer: everyAnswer }],
  ["select a.* from answer a", { answer: everyAnswer }],
  ["select * exclude (prompt, usage) from answer", { answer: everyAnswer }],
  ["select * replace (1 as score) from verdict cross join (select 2 as score)", { verdict: ["id", "label", "weight"] }],
  ["select columns('^(id|score)$') from answer", { answer: ["id", "score"] }],
  ["select id, label from answer join verdict using (id)", { answer: ["id"], verdict: ["id", "label"] }],
  ["select prompt from answer natural join verdict", { answer: ["id", "prompt"], verdict: ["id"] }],
  ["select a.id from answer a left join verdict v on a.id = v.id and v.weight > 1", {
    answer: ["id"],
    verdict: ["id", "weight"]
  }],
  ["select id from answer where exists (select 1 from verdict where verdict.id = answer.id)", {
    answer: ["id"],
    verdict: ["id"]
  }],
  ["select id, (select max(weight) from verdict v where v.id = a.id) as w from answer a", {
    answer: ["id"],
    verdict: ["id", "weight"]
  }],
  ["select id from answer where id in (select id from verdict where label = 'safe')", {
    answer: ["id"],
    verdict: ["id", "label"]
  }],
  ["select id, row_number() over (partition by prompt order by tokens) as r from answer", {
    answer: ["id", "prompt", "tokens"]
  }],
  ["select id from answer qualify percent_rank() over (order by score desc, id) <= 0.5", { answer: ["id", "score"] }],
  ["with best as (select id, score from answer where score > 0.3) select id from best", { answer: ["id", "score"] }],
  ["with m as materialized (select id, tokens from answer) select x.id from m x join m y using (id)", {
    answer: ["id", "tokens"]
  }],
  ["with unused as (select prompt from answer) select label from verdict", { verdict: ["label"] }],
  [
    "with recursive r(n) as (select tokens from answer union all select n - 1 from r where n > 1) select count(*) as n from r",
    { answer: ["tokens"] }
  ],
  ["select prompt, avg(score) as mean from answer group by all order by all", { answer: ["prompt", "score"] }],
  ["select sum(tokens) filter (where score > 0.3)::bigint as n from answer", { answer: ["score", "tokens"] }],
  ["select list(id order by tokens desc) as ids from answer", { answer: ["id", "tokens"] }],
  ["select id, unnest(tags) as tag from answer", { answer: ["id", "tags"] }],
  ["select list_transform(tags, lambda t: upper(t)) as upper from answer", { answer: ["tags"] }],
  ["select usage.output as output from answer", { answer: ["usage"] }],
  ["select id from answer union select id from verdict", { answer: ["id"], verdict: ["id"] }],
  ["select id from answer union all by name select label as id from verdict", { answer: ["id"], verdict: ["label"] }],
  ["select distinct on (prompt) id from answer order by prompt, tokens", { answer: ["id", "prompt", "tokens"] }],
  ["from verdict pivot (sum(weight) for label in ('safe', 'unsafe'))", { verdict: ["id", "label", "weight"] }],
  ["select answer from answer", { answer: everyAnswer }],
  ["select id from query_table('answer')", { answer: everyAnswer }],
  ["select id from answer limit (select count(*) from verdict)", { answer: ["id"], verdict: [] }],
  ["describe verdict", { answer: everyAnswer, verdict: ["id", "label", "weight"] }]
]

/** The same statement over whole tables, past everything that is tested here. */
const overWholeTables = (sql: string) =>
  Effect.promise(() =>
    withConnection(async (connected) => {
      for (const [name, schema, columns] of [["answer", answer, answers], ["verdict", verdict, verdicts]] as const) {
        await createTable(connected.connection, name, schema)
        await appendRows(
          connected,
          name,
          schema.map((column) => encodeColumn(column.type, columns[column.name]!)),
          columns["id"]!.length
        )
      }
      const result = await connected.connection.runAndReadAll(sql)
      return result.getRows().map((row) => row.map((value) => toCell(connected.duck, value)))
    })
  )

const rowsOf = (result: Duck.QueryResult) =>
  Array.from({ length: result.rows }, (_, i) => result.schema.map(({ name }) => result.columns[name]![i] as Cell))

describe("reads", () => {
  it.effect.each(statements)("%s", ([sql, reads]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* Duck.bind(sql, schemas)).reads, reads)
    }))

  it.effect.each(statements)(
    "over the columns it reads alone gives the same rows: %s",
    ([sql]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(rowsOf(yield* Duck.query(sql, tables)), yield* overWholeTables(sql))
      })
  )

  it.effect("loads no other column of a stored table", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const manifest = yield* store.putTable(answer, answers, 4)
      const loaded: Array<ReadonlyArray<string>> = []
      const stored = Duck.fromManifest(store, manifest)
      const watched: Duck.SqlTable = {
        ...stored,
        readChunk: (chunk, names) => {
          loaded.push(names)
          return stored.readChunk(chunk, names)
        }
      }
      const result = yield* Duck.query("select prompt, count(*) as n from answer group by all", { answer: watched }, {
        orderBy: ["n", "prompt"]
      })
      assert.deepStrictEqual(rowsOf(result), [["one", 1], [null, 1], ["two", 2]])
      assert.deepStrictEqual(loaded, [["prompt"]])
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("fails as the store does, whichever chunk is lost", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const rows = 20_000
      const prompts = Array.from({ length: rows }, (_, i) => `a prompt of some length, number ${i}`)
      const schema = answer.filter((column) => column.name === "prompt")
      const manifest = yield* store.putTable(schema, { prompt: prompts }, rows)
      const stored = { answer: Duck.fromManifest(store, manifest) }
      assert.deepStrictEqual(rowsOf(yield* Duck.query("select count(prompt) as n from answer", stored)), [[rows]])
      for (const { blob } of [manifest.chunks[2]!, manifest.chunks[0]!]) {
        fs.rmSync(blobFile(store.root, blob))
        const failure = yield* Effect.flip(Duck.query("select max(prompt) as last from answer", stored))
        assert.instanceOf(failure, BlobMissing)
        assert.strictEqual((failure as BlobMissing).digest, blob)
      }
      assert.deepStrictEqual(rowsOf(yield* Duck.query("select count(*) as n from answer", stored)), [[rows]])
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("finds the few columns that a statement names without reading them, among many", () =>
    Effect.gen(function*() {
      const many = schemaOf(Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`c${i}`, flat("int64")])))
      const { reads } = yield* Duck.bind(
        "select v.* exclude (label), m.c1, n.* exclude (c7, c99) from verdict v, many m, (select c1, c7, c99 from many) n",
        { verdict, many }
      )
      assert.deepStrictEqual(reads, { verdict: ["id", "label", "weight"], many: ["c1", "c7", "c99"] })
    }))
})
