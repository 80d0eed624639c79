/**
 * Tables in and out of the store: every type, nulls, sizes around a chunk, and bytes that Arrow reads.
 */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as path from "node:path"
import { decodeColumn } from "../../cache/ColumnData.ts"
import { ReadMemory } from "../../cache/ReadMemory.ts"
import type { Cell, ColumnType, TableSchema } from "../../cache/Columns.ts"
import { baseOf, Store } from "../../cache/Store.ts"
import { TableRefused } from "../../cache/StoreFailed.ts"
import { flat, list, samples, struct } from "./support/tableSamples.ts"
import { temporaryStore } from "./support/tempStore.ts"

const schema: TableSchema = samples.map(([type], i) => ({ name: `c${i}`, type }))
const rowsOf = (rows: number) =>
  Object.fromEntries(
    samples.map(([, cells], i) => [`c${i}`, Array.from({ length: rows }, (_, r) => cells[r % cells.length]!)])
  )

layer(temporaryStore)("tables", (it) => {
  it.effect("some rows of a chunk are those of the whole, before it was read and after", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const columns = rowsOf(500)
      const names = schema.map(({ name }) => name)
      const chosen = [499, 0, 7, 7, 250]
      const manifest = yield* store.putTable(schema, columns, 500)
      for (const read of ["whole, since nothing is known of it", "by the bytes of its rows"]) {
        const found = yield* store.readChunk(manifest, 0, names, { rows: chosen })
        assert.strictEqual(found.rows, chosen.length)
        for (const [at, name] of names.entries()) {
          const cells = chosen.map((row) => columns[name]![row]!)
          assert.deepStrictEqual(decodeColumn(found.columns[at]!), cells, `${name}, ${read}`)
        }
      }
    }))

  it.effect("chunks read into one memory are right until the next one is", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const columns = rowsOf(9000)
      const manifest = yield* store.putTable(schema, columns, 9000)
      const memory = new ReadMemory()
      const names = schema.map(({ name }) => name)
      for (const read of ["whole", "by columns"]) {
        const kept: Array<Uint8Array> = []
        for (const [index, first] of [[0, 0], [1, 8192]] as const) {
          const found = yield* store.readChunk(manifest, index, names, { memory })
          for (const [at, name] of names.entries()) {
            const cells = columns[name]!.slice(first, first + found.rows)
            assert.deepStrictEqual(decodeColumn(found.columns[at]!), cells, `${name}, chunk ${index}, ${read}`)
          }
          kept.push(found.columns[0]!.bytes!)
        }
        assert.strictEqual(kept[0]!.buffer, kept[1]!.buffer)
      }
    }))

  it.effect("each column is there alone and among others, once the whole chunk was read", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const columns = rowsOf(9000)
      const manifest = yield* store.putTable(schema, columns, 9000)
      yield* store.readTable(manifest, ["c0"]) // reads all of the chunk, to check it
      for (const { name } of schema) {
        assert.deepStrictEqual(yield* store.readTable(manifest, [name]), { [name]: columns[name]! })
      }
      const reversed = schema.map(({ name }) => name).reverse()
      const back = yield* store.readTable(manifest, reversed)
      assert.deepStrictEqual(Object.keys(back), reversed)
      for (const name of reversed) assert.deepStrictEqual(back[name], columns[name], name)
    }))

  it.effect("a chunk that was cut or removed after it was read is found out", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const columns = {
        a: Array.from({ length: 8192 }, (_, i) => `a ${i}`),
        b: Array.from({ length: 8192 }, (_, i) => i / 7)
      }
      const two: TableSchema = [{ name: "a", type: flat("string") }, { name: "b", type: flat("float64") }]
      const manifest = yield* store.putTable(two, columns, 8192)
      assert.deepStrictEqual(yield* store.readTable(manifest, ["b"]), { b: columns.b })
      const { blob } = manifest.chunks[0]!
      const file = path.join(baseOf(store.root), "blobs", blob.slice(0, 2), blob.slice(2))
      fs.chmodSync(file, 0o600)
      fs.truncateSync(file, manifest.chunks[0]!.bytes >> 1)
      assert.strictEqual((yield* Effect.flip(store.readTable(manifest, ["b"])))._tag, "BlobDamaged")
      assert.strictEqual((yield* Effect.flip(store.readTable(manifest, ["b"])))._tag, "BlobMissing")
      yield* store.putTable(two, columns, 8192)
      assert.deepStrictEqual(yield* store.readTable(manifest, ["b"]), { b: columns.b })
    }))

  it.effect.each([0, 1, 8191, 8192, 8193, 20000])("%d rows come back as they were", (rows) =>
    Effect.gen(function*() {
      const store = yield* Store
      const columns = rowsOf(rows)
      const manifest = yield* store.putTable(schema, columns, rows)
      assert.strictEqual(manifest.chunks.length, Math.ceil(rows / 8192))
      assert.strictEqual(manifest.rows, rows)
      const back = yield* store.readTable(manifest)
      assert.deepStrictEqual(Object.keys(back), schema.map((column) => column.name))
      for (const { name } of schema) assert.deepStrictEqual(back[name], columns[name], name)
      const parts = yield* Stream.runCollect(store.streamTable(manifest, ["c3"]))
      assert.deepStrictEqual(parts.flatMap((part) => part["c3"]), columns["c3"])
      assert.isTrue(parts.every((part) => Object.keys(part).length === 1))
    }))

  it.effect("chunks of heavy rows are shorter, by the cells alone, and come back whole", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const heavy: TableSchema = [{ name: "text", type: flat("string") }, { name: "ids", type: list(flat("int32")) }]
      const text = "x".repeat(9_000_000)
      const columns = { text: [text, "a", text, text, text, null], ids: [[1], null, [2], [], [3], [4]] }
      const manifest = yield* store.putTable(heavy, columns, 6)
      assert.deepStrictEqual(manifest.chunks.map((chunk) => chunk.rows), [5, 1])
      assert.deepStrictEqual(yield* store.readTable(manifest), columns)
      const numbers: TableSchema = [{ name: "ids", type: list(flat("int32", false)) }]
      const long = Array.from({ length: 1_500_000 }, (_, i) => i)
      const lists = yield* store.putTable(numbers, { ids: [...Array<Cell>(6).fill(long), [1]] }, 7)
      assert.deepStrictEqual(lists.chunks.map((chunk) => chunk.rows), [6, 1])
    }))

  it.effect("holds says whether all chunks are there", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const manifest = yield* store.putTable(schema, rowsOf(10), 10)
      assert.isTrue(yield* store.holds(manifest))
      const gone = { ...manifest, chunks: [...manifest.chunks, { blob: "0".repeat(64), rows: 0, bytes: 0 }] }
      assert.isFalse(yield* store.holds(gone))
    }))

  it.effect("Arrow's own reader sees the same rows", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const table: TableSchema = [{ name: "text", type: flat("string") }, { name: "n", type: flat("int64", false) }]
      const manifest = yield* store.putTable(table, { text: ["é", null], n: [1, 2 ** 40] }, 2)
      const bytes = yield* store.readBlob(manifest.chunks[0]!.blob)
      const arrow = yield* Effect.promise(() => import("apache-arrow"))
      const read = arrow.tableFromIPC(bytes)
      assert.strictEqual(String(read.schema), "Schema<{ 0: text: Utf8, 1: n: Int64 }>")
      assert.deepStrictEqual(read.schema.fields.map((field) => field.nullable), [true, false])
      assert.deepStrictEqual(read.toArray().map((row) => [row.text, row.n]), [["é", 1n], [null, 2n ** 40n]])
    }))

  it.effect("the manifest depends on values only: the same table twice, and one written from its own reading", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const first = yield* store.putTable(schema, rowsOf(9000), 9000)
      const second = yield* store.putTable(schema, yield* store.readTable(first), 9000)
      assert.deepStrictEqual(second, first)
    }))

  it.effect("a changed cell changes the digest of its column and no other", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const columns = rowsOf(50)
      const changed = { ...columns, c0: ["changed", ...columns["c0"]!.slice(1)] }
      const before = yield* store.putTable(schema, columns, 50)
      const after = yield* store.putTable(schema, changed, 50)
      assert.notStrictEqual(after.content, before.content)
      assert.deepStrictEqual(
        schema.map(({ name }) => after.columns[name] === before.columns[name]),
        schema.map(({ name }) => name !== "c0")
      )
    }))

  it.effect("tables without columns still differ by their number of rows", () =>
    Effect.gen(function*() {
      const store = yield* Store
      assert.notStrictEqual((yield* store.putTable([], {}, 2)).content, (yield* store.putTable([], {}, 3)).content)
    }))

  it.effect.each<[ColumnType, ReadonlyArray<Cell>, number]>([
    [flat("string", false), ["a", null], 1],
    [flat("string"), ["a", 5], 1],
    [flat("int64"), [1, 2 ** 53], 1],
    [flat("int64"), [1.5], 0],
    [flat("int32"), [0, 2 ** 31], 1],
    [flat("bigint"), [2n ** 63n], 0],
    [flat("bool"), [true, 1], 1],
    [flat("binary"), ["x"], 0],
    [list(flat("int32", false)), [[1], [2, 3], [4, null]], 2],
    [struct({ a: flat("string") }), [{ a: "x" }, {}], 1]
  ])("refuses a cell its column cannot hold: %o %o", ([type, cells, row]) =>
    Effect.gen(function*() {
      const store = yield* Store
      const failure = yield* Effect.flip(store.putTable([{ name: "x", type }], { x: cells }, cells.length))
      assert.instanceOf(failure, TableRefused)
      assert.match(failure.message, new RegExp(`^column x: row ${row}: `))
    }))

  it.effect("refuses other columns, and columns of another length", () =>
    Effect.gen(function*() {
      const store = yield* Store
      const table: TableSchema = [{ name: "x", type: flat("bool") }]
      assert.match(
        (yield* Effect.flip(store.putTable(table, { x: [true] }, 2))).message,
        /x: has 1 cells, the table has 2 rows/
      )
      assert.match((yield* Effect.flip(store.putTable(table, {}, 0))).message, /x: has no cells/)
      assert.match(
        (yield* Effect.flip(store.putTable(table, { x: [], y: [] }, 0))).message,
        /y: is not in the table's schema/
      )
      const manifest = yield* store.putTable(table, { x: [true] }, 1)
      assert.match((yield* Effect.flip(store.readTable(manifest, ["z"]))).message, /z: is not in the table/)
    }))
})
