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
import { decodeColumn } from "../../cache/ColumnData.ts"
import { ColumnDigest } from "../../cache/columnDigest.ts"
import { digest } from "../../cache/Digest.ts"
import { ReadMemory } from "../../cache/ReadMemory.ts"
import type { Cell, ColumnType, TableSchema } from "../../cache/Columns.ts"
import { baseOf, Store } from "../../cache/Store.ts"
import { TableRefused } from "../../cache/StoreFailed.ts"
import { normal, random, randomCell } from "./support/randomTables.ts"
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

/** What the digests of `samples` are: another value is another `keyEpoch`. */
const sampleDigests = [
  "c35db1c4f02655f661068d32c42c443743e9f75b15e63e96924aa9ff57935868",
  "a9eca2adc7833ef35291052dfb72f5147d98541301c6dc8eab2d4195ed04d530",
  "a7e4d114304f8c37b582b259a0a08650b01e885679d38b07d38f74b4e94994a1",
  "d4bde02e14aa0dda6fe3e7398fb883e276bf75fe0d5df5e2cfb1e721b06d4fc4",
  "1ec5f973128f98a430f3f459c31125d3697ffdbdddae853049f4fb0b1f490e4b",
  "02b88c053bff9fa4a12cf938cfd61b80756cda90c55f4e9200b9438fae7475ed",
  "0c1698c976cd8e5b2913902a141fed137208e9f0d30c655b14fec74f126f7bf9",
  "e1c32db900c793fd49966cde9a88960330f978e6afae413aa31a21db8645ac33",
  "12c9e144d8fac8a261e68aadf912e3b60812a628dd8c0c6f1fc142e19362984c",
  "d34616f6465741494fdd5fbf0d4859c9ab236c4c771dca4685ec0111f6d9d5ac",
  "b02a0c500f100bcb96eed337f0edd64ce122d08ed41b50d241fd742650814262",
  "896a90527047085784b50caf873391238aa60e7b143014db9a2673f935e70693"
]

describe("ColumnDigest", () => {
  it("gives the digests it always gave", () => {
    assert.deepStrictEqual(samples.map(([type, cells]) => digestOf(type, cells)), sampleDigests)
    assert.strictEqual(
      digestOf(flat("string"), ["lone \ud800", "x".repeat(40_000), "é".repeat(70)]),
      "8288ff526512a22c4d750fd001379b14fb5f3045011b33d75e4e43e1b1e41912"
    )
  })

  it("hashes of every part of the type the places of nulls, the sizes, and the bytes", () => {
    const hex = (bytes: ReadonlyArray<Uint8Array>) =>
      bytes.length === 0 ? "" : createHash("sha256").update(Buffer.concat(bytes)).digest("hex")
    const doubles = (values: ReadonlyArray<number>) => new Uint8Array(Float64Array.from(values).buffer)
    const partOf = (type: ColumnType, cells: ReadonlyArray<Cell>): unknown => {
      const places = cells.flatMap((cell, at) => cell === null ? [at] : [])
      const valid = cells.filter((cell) => cell !== null)
      const part = { values: cells.length, nulls: hex(places.map((at) => doubles([at]))), sizes: "", bytes: "" }
      const sizes = (of: (cell: any) => number) =>
        hex(valid.map((cell) => new Uint8Array(Int32Array.of(of(cell)).buffer)))
      switch (type.kind) {
        case "string":
          return {
            ...part,
            sizes: sizes((cell) => Buffer.byteLength(cell)),
            bytes: hex(valid.map((cell) => Buffer.from(cell as string))),
            children: []
          }
        case "float64":
          return { ...part, bytes: hex(valid.map((cell) => doubles([cell as number]))), children: [] }
        case "bool":
          return { ...part, bytes: hex(valid.map((cell) => Uint8Array.of(cell === true ? 1 : 0))), children: [] }
        case "list":
          return { ...part, sizes: sizes((cell) => cell.length), children: [partOf(type.item, valid.flat() as any)] }
        case "struct":
          return {
            ...part,
            children: type.fields.map((field) => partOf(field.type, valid.map((cell: any) => cell[field.name])))
          }
        default:
          throw new Error(type.kind)
      }
    }
    const types: ReadonlyArray<[ColumnType, unknown]> = [
      [flat("string"), "string"],
      [list(flat("float64")), { kind: "list", item: "float64" }],
      [list(list(flat("string"))), { kind: "list", item: { kind: "list", item: "string" } }],
      [struct({ a: flat("bool"), b: list(flat("string")) }), {
        kind: "struct",
        fields: [["a", "bool"], ["b", { kind: "list", item: "string" }]]
      }]
    ]
    for (const [type, shape] of types) {
      for (let seed = 0; seed < 60; seed++) {
        const from = random(seed)
        const cells = Array.from({ length: from.int(20) }, () => randomCell(from, type))
        assert.strictEqual(
          digestOf(type, cells),
          digest("column", [shape, partOf(type, cells.map(normal))]),
          JSON.stringify(cells)
        )
      }
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
