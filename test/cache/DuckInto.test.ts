/** Results of SQL as tables of the cache: every type, texts of every length wherever DuckDB keeps them, and what fails. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { decodeColumn } from "../../cache/ColumnData.ts"
import type { Cell, ColumnType, TableSchema } from "../../cache/Columns.ts"
import * as Duck from "../../cache/Duck.ts"
import { Store } from "../../cache/Store.ts"
import { TableRefused } from "../../cache/StoreFailed.ts"
import { flat, list, schemaOf, struct, tables } from "./support/duckTables.ts"
import { random, randomCell, randomSchema } from "./support/randomTables.ts"
import { temporaryStore } from "./support/tempStore.ts"

const into = Effect.fnUntraced(function*(
  sql: string,
  schema: TableSchema,
  from: Readonly<Record<string, Duck.SqlTable>> = tables,
  options: Duck.QueryIntoOptions<never, never> = {}
) {
  const store = yield* Store
  const writer = yield* store.tableWriter(schema)
  yield* Duck.queryInto(sql, from, writer, options)
  const manifest = yield* Effect.promise(() => writer.finish())
  return { manifest, cells: yield* store.readTable(manifest) }
})

const table = (schema: TableSchema, columns: ReadonlyArray<ReadonlyArray<Cell>>) =>
  Duck.fromColumns(schema, Object.fromEntries(schema.map(({ name }, k) => [name, columns[k]!])), columns[0]!.length)

describe("queryInto", () => {
  it.effect("a table goes through DuckDB and comes back the same, over several chunks", () =>
    Effect.gen(function*() {
      const store = yield* Store
      for (let seed = 0; seed < 12; seed++) {
        const from = random(seed)
        const schema = randomSchema(from)
        const rows = from.pick([0, 1, 300, 3000, 9000])
        const columns = schema.map(({ type }) => Array.from({ length: rows }, () => randomCell(from, type)))
        const manifest = yield* store.putTable(
          schema,
          Object.fromEntries(schema.map(({ name }, k) => [name, columns[k]!])),
          rows
        )
        const result = yield* into("from t", schema, { t: Duck.fromManifest(store, manifest) })
        assert.deepStrictEqual(result.manifest, manifest, `seed ${seed}`)
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("texts are read wherever DuckDB has put them: filtered, sorted, joined, made by it", () =>
    Effect.gen(function*() {
      const rows = 6000
      const id = Array.from({ length: rows }, (_, i) => i)
      const text = id.map((i) => i % 5 === 0 ? null : "ä".repeat(i % 40) + i)
      const t = table(schemaOf({ id: flat("int32"), text: flat("string") }), [id, text])
      const schema = schemaOf({ text: flat("string") })
      const texts = (sql: string) => Effect.map(into(sql, schema, { t }), ({ cells }) => cells["text"])
      assert.deepStrictEqual(yield* texts("select text from t where id % 7 = 3"), text.filter((_, i) => i % 7 === 3))
      assert.deepStrictEqual(yield* texts("select text from t order by id desc"), text.toReversed())
      const shuffled = id.map((i) => i * 4201 % rows)
      assert.deepStrictEqual(
        yield* texts("select b.text from t a join t b on b.id = a.id * 4201 % 6000 order by a.id"),
        shuffled.map((i) => text[i]!)
      )
      assert.deepStrictEqual(
        yield* texts("select 'the text ' || text || repeat('.', id % 30) as text from t"),
        text.map((each, i) => each === null ? null : `the text ${each}${".".repeat(i % 30)}`)
      )
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("numbers of other widths, bigints and nulls of no type fit where their values do", () =>
    Effect.gen(function*() {
      const { cells } = yield* into(
        `select 1::smallint as small, 2::integer as number, 3::bigint as wide, 0.5::float as half, [4::tinyint, null] as items,
          null as nothing, {'n': 5::bigint} as s, -0.0::double as zero from verdict limit 1`,
        schemaOf({
          small: flat("int32"),
          number: flat("int64"),
          wide: flat("bigint"),
          half: flat("float64"),
          items: list(flat("int32")),
          nothing: flat("string"),
          s: struct({ n: flat("bigint") }),
          zero: flat("float64")
        })
      )
      assert.deepStrictEqual(cells, {
        small: [1],
        number: [2],
        wide: [3n],
        half: [0.5],
        items: [[4, null]],
        nothing: [null],
        s: [{ n: 5n }],
        zero: [0]
      })
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("columns are matched by name, rows ordered as asked", () =>
    Effect.gen(function*() {
      const { cells } = yield* into(
        "select tokens, id from answer",
        schemaOf({ id: flat("string"), tokens: flat("int64") }),
        tables,
        { orderBy: ["tokens"] }
      )
      assert.deepStrictEqual(cells, { id: ["b", "c", "a", "d"], tokens: [1, 2, 3, 4] })
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("shows the rows before it writes them", () =>
    Effect.gen(function*() {
      const seen: Array<Cell> = []
      yield* into("select id from verdict", schemaOf({ id: flat("string") }), tables, {
        orderBy: ["id"],
        onRows: ([ids], rows) => Effect.sync(() => seen.push(rows, ...decodeColumn(ids!)))
      })
      assert.deepStrictEqual(seen, [3, "a", "c", "e"])
    }).pipe(Effect.provide(temporaryStore)))

  it.effect.each<[string, Readonly<Record<string, ColumnType>>, RegExp]>([
    ["select id, label from verdict", { id: flat("string") }, /column label of the result is not in the output table/],
    ["select id from verdict", { id: flat("string"), label: flat("string") }, /the result has no column label/],
    ["select date '2026-01-02' as day", { day: flat("string") }, /column day of the result is DATE.*::VARCHAR/],
    ["select id::int as id from verdict", { id: flat("int32") }, /Could not convert string 'a' to INT32/]
  ])("refuses %s", ([sql, schema, message]) =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(into(sql, schemaOf(schema)))
      assert.instanceOf(refused, Duck.SqlRefused)
      assert.match(refused.message.replaceAll("\n", " "), message)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("names column and row of a value that does not fit", () =>
    Effect.gen(function*() {
      const strict: TableSchema = [{ name: "x", type: { kind: "int64", nullable: false } }]
      const far = "select case when i = 5000 then 9007199254740993 else i end as x from range(6000) r(i)"
      const none = "select case when i = 5001 then null else i end as x from range(6000) r(i)"
      for (
        const [sql, message] of [[far, "row 5000: bigint 9007199254740993 is not a int64"], [
          none,
          "row 5001: null is not a int64"
        ]]
      ) {
        const failure = yield* Effect.flip(into(sql!, strict))
        assert.instanceOf(failure, TableRefused)
        assert.strictEqual(failure.message, `column x: ${message}`)
      }
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a result that is left in the middle holds nothing up", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const rows = 50_000
      const schema = schemaOf({ text: flat("string") })
      const text = Array.from({ length: rows }, (_, i) => `a text of some length, number ${i}`)
      const manifest = yield* store.putTable(schema, { text }, rows)
      const t = Duck.fromManifest(store, manifest)
      let pieces = 0
      const writer = yield* store.tableWriter(schema)
      const left = yield* Effect.flip(Duck.queryInto("select text from t", { t }, writer, {
        onRows: () => ++pieces === 3 ? Effect.fail("enough") : Effect.void
      }))
      assert.strictEqual(left, "enough")
      assert.strictEqual(pieces, 3)
      const { manifest: again } = yield* into("select text from t", schema, { t })
      assert.deepStrictEqual(again, manifest)
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("a statement that reads a table stops when it is interrupted", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const rows = 30_000
      const schema = schemaOf({ text: flat("string") })
      const manifest = yield* store.putTable(
        schema,
        { text: Array.from({ length: rows }, (_, i) => `text ${i}`) },
        rows
      )
      const asked: Array<number> = []
      const stored = Duck.fromManifest(store, manifest)
      const begun = yield* Deferred.make<void>()
      const t: Duck.SqlTable = {
        ...stored,
        readChunk: (chunk, names) => {
          asked.push(chunk)
          // DuckDB asks for the second chunk itself, in the middle of its work.
          return Effect.andThen(
            chunk === 1 ? Deferred.succeed(begun, undefined) : Effect.void,
            stored.readChunk(chunk, names)
          )
        }
      }
      const endless = "select count(*)::integer as n from t a, t b, t c where a.text || b.text || c.text = 'never'"
      const writer = yield* store.tableWriter(schemaOf({ n: flat("int32") }))
      const fiber = yield* Effect.forkChild(Duck.queryInto(endless, { t }, writer), { startImmediately: true })
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.include(asked, 1)
      assert.deepStrictEqual((yield* Duck.query("select 2 as two", {})).columns, { two: [2] })
    }).pipe(Effect.provide(temporaryStore)))

  it.effect("row numbers of a table are there for statements that use them", () =>
    Effect.gen(function*() {
      const { cells } = yield* into(
        "select rowid::integer as n, id from verdict order by n",
        schemaOf({
          n: flat("int32"),
          id: flat("string")
        })
      )
      assert.deepStrictEqual(cells, { n: [0, 1, 2], id: ["a", "c", "e"] })
    }).pipe(Effect.provide(temporaryStore)))
})
