/**
 * Tables written row by row: the same manifest whichever way rows come, chunks that end where the cells say, errors that
 * name column and row, and cells of every size.
 */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import { type ColumnData, decodeColumn } from "../../cache/ColumnData.ts"
import type { Cell, TableSchema } from "../../cache/Columns.ts"
import type { TableManifest } from "../../cache/Manifest.ts"
import { RowCodec } from "../../cache/RowCodec.ts"
import { Store } from "../../cache/Store.ts"
import { TableRefused } from "../../cache/StoreFailed.ts"
import type { TableWriter } from "../../cache/TableWriter.ts"
import { normal, random, randomCell, randomSchema } from "./support/randomTables.ts"
import { temporaryStore } from "./support/tempStore.ts"

type Cells = ReadonlyArray<ReadonlyArray<Cell>>

const written = Effect.fnUntraced(function*(schema: TableSchema, write: (writer: TableWriter) => void) {
  const store = yield* Store
  const writer = yield* store.tableWriter(schema)
  write(writer)
  return yield* Effect.promise(() => writer.finish())
})

const columnsOf = (schema: TableSchema, rows: Cells): Cells => schema.map((_, k) => rows.map((row) => row[k]!))

const dataOf = (schema: TableSchema, rows: Cells): ReadonlyArray<ColumnData> =>
  columnsOf(schema, rows).map((cells, k) => encodeColumn(schema[k]!.type, cells))

/** The same rows in each way there is; `pieces` are the sizes of the parts in which buffers are handed over. */
const inEveryWay = (schema: TableSchema, rows: Cells, pieces: () => number) =>
  Effect.gen(function*() {
    const codec = new RowCodec(schema)
    const data = dataOf(schema, rows)
    const byRow = yield* written(schema, (writer) => rows.forEach((row) => writer.pushRow(row)))
    const others: Readonly<Record<string, TableManifest>> = {
      columns: yield* written(schema, (writer) => writer.pushColumns(columnsOf(schema, rows), rows.length)),
      data: yield* written(schema, (writer) => {
        for (let row = 0; row < rows.length;) {
          const end = Math.min(rows.length, row + pieces())
          writer.pushData(data, row, end)
          row = end
        }
      }),
      values: yield* written(schema, (writer) =>
        rows.forEach((_, row) => {
          writer.builders.forEach((builder, k) => builder.pushFrom(data[k]!, row))
          writer.endRow()
        })),
      log: yield* written(schema, (writer) =>
        rows.forEach((row) => {
          const bytes = codec.encode(row)
          let at = codec.firstCell(bytes)
          for (const builder of writer.builders) at = builder.pushEncoded(bytes, at)
          writer.endRow()
        })),
      store: yield* (yield* Store).putTable(
        schema,
        Object.fromEntries(columnsOf(schema, rows).map((cells, k) => [schema[k]!.name, cells])),
        rows.length
      )
    }
    for (const [way, manifest] of Object.entries(others)) assert.deepStrictEqual(manifest, byRow, way)
    return byRow
  })

const text: TableSchema = [{ name: "id", type: { kind: "int32", nullable: false } }, {
  name: "text",
  type: { kind: "string", nullable: true }
}]

layer(temporaryStore)("TableWriter", (it) => {
  it.effect("makes one manifest of equal rows, whichever way they come", () =>
    Effect.gen(function*() {
      const store = yield* Store
      for (let seed = 0; seed < 25; seed++) {
        const from = random(seed)
        const schema = randomSchema(from)
        const rows = Array.from({ length: from.int(60) }, () => schema.map((column) => randomCell(from, column.type)))
        const manifest = yield* inEveryWay(schema, rows, () => 1 + from.int(30))
        assert.strictEqual(manifest.rows, rows.length)
        const back = yield* store.readTable(manifest)
        schema.forEach(({ name }, k) => assert.deepStrictEqual(back[name], columnsOf(schema, rows)[k]!.map(normal)))
      }
    }))

  it.effect("ends chunks at 8,192 rows, whichever way they come", () =>
    Effect.gen(function*() {
      const rows = Array.from({ length: 20_000 }, (_, i): ReadonlyArray<Cell> => [i, i % 3 === 0 ? null : `row ${i}`])
      const sizes = [1, 5000, 8192, 3, 4000]
      const manifest = yield* inEveryWay(text, rows, () => sizes[0]!)
      assert.deepStrictEqual(manifest.chunks.map((chunk) => chunk.rows), [8192, 8192, 3616])
      assert.deepStrictEqual(yield* inEveryWay(text, rows, () => sizes[1]!), manifest)
      assert.deepStrictEqual(yield* inEveryWay(text, rows, () => 20_000), manifest)
    }))

  it.effect("ends chunks after the row that makes them heavier than 32 MiB, whichever way they come", () =>
    Effect.gen(function*() {
      const heavy = "é".repeat(6_000_000) // 12 MB of UTF-8
      const rows = ["a", heavy, heavy, "b", heavy, "c", "d", heavy, heavy].map((
        cell,
        i
      ): ReadonlyArray<Cell> => [i, cell])
      const manifest = yield* inEveryWay(text, rows, () => 4)
      assert.deepStrictEqual(manifest.chunks.map((chunk) => chunk.rows), [5, 4])
    }))

  it.effect("knows tables without rows, and tables without columns", () =>
    Effect.gen(function*() {
      const empty = yield* written(text, () => undefined)
      assert.deepStrictEqual([empty.rows, empty.chunks], [0, []])
      assert.deepStrictEqual(yield* (yield* Store).readTable(empty), { id: [], text: [] })
      const counted = yield* written([], (writer) => Array.from({ length: 9000 }, () => writer.endRow()))
      assert.deepStrictEqual(counted.chunks.map((chunk) => chunk.rows), [8192, 808])
    }))

  it.effect("names column and row of what it refuses, in a later chunk too", () =>
    Effect.gen(function*() {
      const rows = Array.from({ length: 10_000 }, (_, i): ReadonlyArray<Cell> => [i, "text"])
      const message = /^column id: row 9000: number 0\.5 is not a int32$/
      const wrong = rows.map((row, i) => i === 9000 ? [0.5, "text"] : row)
      const writer = yield* (yield* Store).tableWriter(text)
      assert.throws(() => wrong.forEach((row) => writer.pushRow(row)), TableRefused, message)
      const other = yield* (yield* Store).tableWriter(text)
      assert.throws(() => other.pushColumns(columnsOf(text, wrong), wrong.length), TableRefused, message)
      const strict: TableSchema = [{ name: "text", type: { kind: "string", nullable: false } }]
      const nulls = [encodeColumn({ kind: "string", nullable: true }, ["a", "b", null])]
      const last = yield* (yield* Store).tableWriter(strict)
      assert.throws(() => last.pushData(nulls, 0, 3), TableRefused, /^column text: row 2: null is not a string$/)
    }))

  it.effect("does not write rows of which a column has no value", () =>
    Effect.gen(function*() {
      const writer = yield* (yield* Store).tableWriter(text)
      writer.builders[0]!.pushCell(1)
      writer.endRow()
      yield* Effect.promise(async () => {
        try {
          await writer.finish()
          assert.fail("it wrote the table")
        } catch (error) {
          assert.match(String(error), /column text has 0 values for 1 rows/)
        }
      })
    }))

  it.effect("a cell of 200 MB is a cell", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const huge = "0123456789".repeat(20_000_000)
      const manifest = yield* written(text, (writer) => {
        writer.pushRow([1, "before"])
        writer.pushRow([2, huge])
        writer.pushRow([3, "after"])
      })
      assert.deepStrictEqual(manifest.chunks.map((chunk) => chunk.rows), [2, 1])
      const { columns } = yield* store.readChunk(manifest, 0, ["text"])
      assert.isTrue(decodeColumn(columns[0]!)[1] === huge)
    }))

  it.effect("a cell that no chunk can hold is refused in words", () =>
    Effect.gen(function*() {
      const writer = yield* (yield* Store).tableWriter([{ name: "bytes", type: { kind: "binary", nullable: false } }])
      writer.pushRow([new Uint8Array(1)])
      // Never touched: the memory is only claimed.
      assert.throws(
        () => writer.pushRow([new Uint8Array(2 ** 29 + 1)]),
        TableRefused,
        /^column bytes: row 1: a binary of 536870913 bytes; a cell holds at most 536870912$/
      )
    }))
})
