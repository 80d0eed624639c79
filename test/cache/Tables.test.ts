/**
 * Tables in and out of the store: every type, nulls, sizes around a chunk, digests that see values only, and bytes that
 * Arrow reads.
 */
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import { ColumnDigest } from "../../cache/columnDigest.ts"
import type { Cell, ColumnType, TableSchema } from "../../cache/Columns.ts"
import { baseOf, Store } from "../../cache/Store.ts"
import { TableRefused } from "../../cache/StoreFailed.ts"
import { cellBytes, random, randomCell } from "./support/randomTables.ts"
import { temporaryStore } from "./support/tempStore.ts"

const flat = (
  kind: "string" | "bool" | "int32" | "int64" | "bigint" | "float64" | "binary",
  nullable = true
): ColumnType => ({ kind, nullable })
const list = (item: ColumnType): ColumnType => ({ kind: "list", nullable: true, item })
const struct = (fields: Readonly<Record<string, ColumnType>>): ColumnType => ({
  kind: "struct",
  nullable: true,
  fields: Object.entries(fields).map(([name, type]) => ({ name, type }))
})

const samples: ReadonlyArray<readonly [ColumnType, ReadonlyArray<Cell>]> = [
  [flat("string"), ["", null, "a\0b", "grüße 💥", "日本語", "\u2028"]],
  [flat("bool"), [true, null, false, true, true, false, false, true, true]],
  [flat("int32"), [0, null, -(2 ** 31), 2 ** 31 - 1]],
  [flat("int64"), [0, null, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]],
  [flat("bigint"), [0n, null, -(2n ** 63n), 2n ** 63n - 1n]],
  [flat("float64"), [0, null, 1e-320, 1.7976931348623157e308, Number.NaN, Number.NEGATIVE_INFINITY, 0.1]],
  [flat("binary"), [new Uint8Array(), null, new Uint8Array([0, 255])]],
  [list(flat("string")), [[], null, ["a", null, ""], [null]]],
  [list(flat("float64")), [[1, 2.5], [], null, [null, 3], [4]]],
  [list(list(flat("int32", false))), [[[1, 2], []], null, [null]]],
  [struct({ a: flat("string", false), b: list(flat("bool")) }), [{ a: "x", b: [true, null] }, null, {
    a: "",
    b: null
  }]],
  [list(struct({ x: flat("float64") })), [[{ x: 1 }, null, { x: null }], [], null]]
]

const schema: TableSchema = samples.map(([type], i) => ({ name: `c${i}`, type }))
const rowsOf = (rows: number) =>
  Object.fromEntries(
    samples.map(([, cells], i) => [`c${i}`, Array.from({ length: rows }, (_, r) => cells[r % cells.length]!)])
  )

const digestOf = (type: ColumnType, ...chunks: ReadonlyArray<ReadonlyArray<Cell>>) => {
  const column = new ColumnDigest(type)
  for (const cells of chunks) column.add(encodeColumn(type, cells))
  return column.finish()
}

layer(temporaryStore)("tables", (it) => {
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

/** What the digests of `samples` have been from the first version on: no cache may ever see another value. */
const sampleDigests = [
  "bd18fbab16650dd405bbb4340452af62b607140b3522077e61d056bec59cd0b4",
  "c4dceea830357ea7438ec4b4c4aeb5aa6cebdfaee31dc2719f3bc892787f979f",
  "bd3838bfa7b6be6323e868c78f73981f79ef6d10b41f51fe30743a9ef60b4555",
  "2d04bdd039956756b86e47d8a457e526e642d9a98e93e0139feae37155f63a4e",
  "29d01168689cee0d73290f5d93488bedde85887bda3b748551bc830063e113d9",
  "6d7e0fa618e7fe43c2ee6d84aee3fb1696763cb686bd738169fb746ec9e0e74b",
  "e587d18940f577eb040e5222ebc06404e6781d4b125e43404e9d4e5a4ed2e4c3",
  "62a7ff6892ac889a51f91f46e750e52e8b98a9d296ac61c8773b182d449fc6e6",
  "69de473a7150e1f98af382627c400f69057f96bd3ceb414121b2e279b442735e",
  "6c3c771b77512b08a6cee05da51f30603aa0b0d2eeeb3230395d08c70e2b79dd",
  "b225e1ebb5fa74253a04996c863584d0d195b21439f60dcdce7c8ee4a064bb1f",
  "c749d5d06db3e727cd8a3601a49ad6ec3ae66aa6f266f4a2c9638b2e4ce7b267"
]

describe("ColumnDigest", () => {
  it("gives the digests it always gave", () => {
    assert.deepStrictEqual(samples.map(([type, cells]) => digestOf(type, cells)), sampleDigests)
    assert.strictEqual(
      digestOf(flat("string"), ["lone \ud800", "x".repeat(40_000), "é".repeat(70)]),
      "a4d76cff77ba38d7b98ee17553f1ee08d0e2e33f5fb7710355fb5d9868b5eeb2"
    )
  })

  it("hashes the type without nullability, every cell in the form of row logs, and the number of rows", () => {
    for (let seed = 0; seed < 120; seed++) {
      const from = random(seed)
      const item = from.pick(["string", "int64", "float64"] as const)
      const cells = Array.from({ length: from.int(20) }, () => randomCell(from, list(flat(item))))
      const shape = `{"item":"${item}","kind":"list"}`
      const hash = createHash("sha256").update(`column\0${shape}\0`)
      cells.forEach((cell) => hash.update(cellBytes(list(flat(item)), cell)))
      assert.strictEqual(digestOf(list(flat(item)), cells), hash.update(`\0rows ${cells.length}`).digest("hex"))
    }
  })

  it("does not see chunks", () => {
    for (const [type, cells] of samples) {
      const whole = digestOf(type, cells)
      assert.strictEqual(digestOf(type, cells.slice(0, 2), [], cells.slice(2)), whole)
      assert.strictEqual(digestOf(type, ...cells.map((cell) => [cell])), whole)
    }
  })

  it("does not see whether null would be allowed", () => {
    assert.strictEqual(digestOf(flat("string", false), ["a"]), digestOf(flat("string", true), ["a"]))
  })

  it("tells apart what is easily taken for the same", () => {
    const text = flat("string")
    const different: ReadonlyArray<string> = [
      digestOf(text, []),
      digestOf(text, [""]),
      digestOf(text, [null]),
      digestOf(text, ["", ""]),
      digestOf(text, ["ab", "c"]),
      digestOf(text, ["a", "bc"]),
      digestOf(text, ["0"]),
      digestOf(flat("binary"), [new Uint8Array([48])]),
      digestOf(flat("int64"), [0]),
      digestOf(flat("int32"), [0]),
      digestOf(flat("float64"), [0]),
      digestOf(flat("bool"), [false]),
      digestOf(list(text), [[]]),
      digestOf(list(text), [null]),
      digestOf(list(text), [[null]]),
      digestOf(list(text), [[""], []]),
      digestOf(list(text), [[], [""]]),
      digestOf(list(flat("int32")), [[0]]),
      digestOf(list(flat("int32")), [[null]]),
      digestOf(list(flat("int32")), [[0, 0]]),
      digestOf(list(flat("int32")), [[0], [0]]),
      digestOf(list(flat("int32")), [[0, null]]),
      digestOf(list(flat("int32")), [[null, 0]]),
      digestOf(list(flat("int64")), [[0]]),
      digestOf(struct({ a: text, b: text }), [{ a: null, b: "x" }]),
      digestOf(struct({ a: text, b: text }), [{ a: "x", b: null }])
    ]
    assert.strictEqual(new Set(different).size, different.length)
  })

  it("tells lists with nulls from lists without, where the bytes of rows could be read either way", () => {
    // Without the mark before a list's items, each row of `a` read with its first item as null leaves bytes that read
    // as other rows: 14 of them in both.
    const nulls = (n: number) => Array.from({ length: n }, (): Cell => null)
    const a: ReadonlyArray<Cell> = [[0], [0], [0], [0x00020100], ...nulls(10)]
    const b: ReadonlyArray<Cell> = [[null], ...nulls(3), [null], ...nulls(3), [null], ...nulls(3), [null], [0, 0]]
    assert.strictEqual(a.length, b.length)
    assert.notStrictEqual(digestOf(list(flat("int32")), a), digestOf(list(flat("int32")), b))
  })

  it("knows one zero and one NaN", () => {
    const number = flat("float64")
    assert.strictEqual(digestOf(number, [-0]), digestOf(number, [0]))
    const oddNaN = new Float64Array(new BigUint64Array([0x7ff8000000000001n]).buffer)[0]!
    assert.strictEqual(digestOf(number, [oddNaN]), digestOf(number, [Number.NaN]))
  })

  it("sees long and short texts alike across its buffer", () => {
    const long = "x".repeat(70_000)
    const cells = ["a", long, "b", long, "c".repeat(30_000), "d".repeat(30_000), "e".repeat(30_000)]
    assert.strictEqual(digestOf(flat("string"), cells), digestOf(flat("string"), ...cells.map((cell) => [cell])))
    assert.notStrictEqual(
      digestOf(flat("string"), cells),
      digestOf(flat("string"), [...cells.slice(0, -1), `${"e".repeat(29_999)}f`])
    )
  })
})
