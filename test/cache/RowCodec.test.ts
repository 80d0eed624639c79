/** Rows as bytes: the form that is written down in the tests' support, both ways, and what is no row. */
import { assert, describe, it } from "@effect/vitest"
import { ColumnBuilder, encodeColumn } from "../../cache/ColumnBuilder.ts"
import type { Cell, ColumnType } from "../../cache/Columns.ts"
import { RowCellRefused, RowCodec, RowRefused } from "../../cache/RowCodec.ts"
import { cellBytes, normal, random, randomCell, randomSchema } from "./support/randomTables.ts"

const seeds = Array.from({ length: 120 }, (_, seed) => seed)

const randomRow = (seed: number) => {
  const from = random(seed)
  const schema = randomSchema(from)
  return { codec: new RowCodec(schema), schema, cells: schema.map((column) => randomCell(from, column.type)) }
}

describe("RowCodec", () => {
  it("writes the form it is said to write, and reads it", () => {
    for (const seed of seeds) {
      const { cells, codec, schema } = randomRow(seed)
      const expected = Buffer.concat([
        Buffer.from([1]),
        ...schema.map((column, k) => cellBytes(column.type, cells[k]!))
      ])
      const bytes = codec.encode(cells)
      assert.deepStrictEqual(Buffer.from(bytes), expected, `seed ${seed}`)
      assert.deepStrictEqual(codec.decode(bytes), cells.map(normal), `seed ${seed}`)
    }
  })

  it("finds its cells behind other bytes, and builders take them over", () => {
    for (const seed of seeds) {
      const { cells, codec, schema } = randomRow(seed)
      const bytes = Buffer.concat([Buffer.from("before"), codec.encode(cells), Buffer.from("after")])
      assert.deepStrictEqual(codec.decode(bytes, 6), cells.map(normal))
      let at = codec.firstCell(bytes, 6)
      schema.forEach((column, k) => {
        const builder = new ColumnBuilder(column.type)
        at = builder.pushEncoded(bytes, at)
        assert.deepStrictEqual(builder.take(), encodeColumn(column.type, [cells[k]!]))
      })
      assert.strictEqual(at, bytes.length - 5)
    }
  })

  it("a row is a row whatever was encoded before it", () => {
    const codec = new RowCodec([{ name: "x", type: { kind: "string", nullable: false } }])
    const first = Buffer.from(codec.encode(["short"]))
    codec.encode(["x".repeat(100_000)])
    assert.deepStrictEqual(Buffer.from(codec.encode(["short"])), first)
  })

  it.each<[ColumnType, Cell, string]>([
    [{ kind: "string", nullable: false }, null, "column x: null is not a string"],
    [{ kind: "int32", nullable: true }, 2 ** 31, "column x: number 2147483648 is not a int32 or null"],
    [{ kind: "int64", nullable: false }, 0.5, "column x: number 0.5 is not a int64"],
    [{ kind: "bigint", nullable: false }, 2n ** 63n, "column x: bigint 9223372036854775808 is not a bigint"],
    [{ kind: "binary", nullable: false }, "text", "column x: string text is not a binary"],
    [
      { kind: "list", nullable: false, item: { kind: "float64", nullable: false } },
      [1, null],
      "column x: null is not a float64"
    ],
    [
      { kind: "struct", nullable: false, fields: [{ name: "a", type: { kind: "bool", nullable: false } }] },
      {},
      "column x: nothing is not a bool"
    ]
  ])("refuses a cell its column cannot hold: %o %o", (type, cell, message) => {
    const codec = new RowCodec([{ name: "ok", type: { kind: "bool", nullable: false } }, { name: "x", type }])
    assert.throws(() => codec.encode([true, cell]), RowCellRefused, message)
  })

  it("refuses rows of another form, and bytes that end early", () => {
    for (const seed of seeds) {
      const { cells, codec } = randomRow(seed)
      const bytes = Buffer.from(codec.encode(cells))
      assert.throws(() => codec.decode(Buffer.concat([Buffer.from([2]), bytes.subarray(1)])), RowRefused, "form 2")
      assert.throws(() => codec.decode(bytes.subarray(0, -1)), RowRefused)
      assert.throws(() => codec.decode(new Uint8Array(0)), RowRefused)
    }
  })

  it("does not believe a size beyond the end", () => {
    const codec = new RowCodec([{
      name: "x",
      type: { kind: "list", nullable: false, item: { kind: "bool", nullable: true } }
    }])
    assert.throws(() => codec.decode(Buffer.from([1, 1, 255, 255, 255, 255, 0])), RowRefused)
  })
})
