/**
 * Digests of columns see values and nothing else: neither chunks nor nullability, and no two columns alike. The reference
 * works on cells, one by one.
 */
import { assert, describe, it } from "vitest"
import { createHash } from "node:crypto"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import { ColumnDigest } from "../../cache/columnDigest.ts"
import type { Cell, ColumnType } from "../../cache/Columns.ts"
import { digest } from "../../cache/Digest.ts"
import { normal, random, randomCell } from "./support/randomTables.ts"
import { flat, list, samples, struct } from "./support/tableSamples.ts"

const digestOf = (type: ColumnType, ...chunks: ReadonlyArray<ReadonlyArray<Cell>>) => {
  const column = new ColumnDigest(type)
  for (const cells of chunks) column.add(encodeColumn(type, cells))
  return column.finish()
}

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
      const lists = valid as ReadonlyArray<ReadonlyArray<Cell>>
      const structs = valid as ReadonlyArray<Readonly<Record<string, Cell>>>
      const part = { values: cells.length, nulls: hex(places.map((at) => doubles([at]))), sizes: "", bytes: "" }
      const sizes = (found: ReadonlyArray<number>) =>
        hex(found.map((size) => new Uint8Array(Int32Array.of(size).buffer)))
      switch (type.kind) {
        case "string":
          return {
            ...part,
            sizes: sizes(valid.map((cell) => Buffer.byteLength(cell as string))),
            bytes: hex(valid.map((cell) => Buffer.from(cell as string))),
            children: []
          }
        case "float64":
          return { ...part, bytes: hex(valid.map((cell) => doubles([cell as number]))), children: [] }
        case "bool":
          return { ...part, bytes: hex(valid.map((cell) => Uint8Array.of(cell === true ? 1 : 0))), children: [] }
        case "list":
          return {
            ...part,
            sizes: sizes(lists.map(({ length }) => length)),
            children: [partOf(type.item, lists.flat())]
          }
        case "struct":
          return {
            ...part,
            children: type.fields.map(({ name, type }) => partOf(type, structs.map((cell) => cell[name]!)))
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
