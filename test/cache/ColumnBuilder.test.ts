/**
 * Columns under construction: whichever way values come in, the same buffers come out, and Arrow's own reader sees the
 * same values in them.
 */
import { assert, describe, it } from "@effect/vitest"
import { CellRefused } from "../../cache/CellRefused.ts"
import { ColumnBuilder, encodeColumn } from "../../cache/ColumnBuilder.ts"
import { decodeColumn } from "../../cache/ColumnData.ts"
import type { Cell, ColumnType } from "../../cache/Columns.ts"
import { chunkEncoder } from "../../cache/TableBlob.ts"
import { cellBytes, normal, random, randomCell, randomType } from "./support/randomTables.ts"

const seeds = 120

type Column = ReturnType<typeof randomColumn>

/** A property of random columns; a failure names its seed. */
const holds = (name: string, property: (column: Column) => void | Promise<void>) =>
  it(name, async () => {
    for (let seed = 0; seed < seeds; seed++) {
      try {
        await property(randomColumn(seed))
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  })

const randomColumn = (seed: number) => {
  const from = random(seed)
  const type = randomType(from)
  return { from, type, cells: Array.from({ length: from.pick([0, 1, 7, 8, 9, 200]) }, () => randomCell(from, type)) }
}

describe("ColumnBuilder", () => {
  holds("cells come back from their buffers", ({ cells, type }) => {
    const data = encodeColumn(type, cells)
    assert.strictEqual(data.length, cells.length)
    assert.deepStrictEqual(decodeColumn(data), cells.map(normal))
  })

  holds(
    "cells, values of columns, ranges of columns and rows of logs make the same buffers",
    ({ cells, from, type }) => {
      const data = encodeColumn(type, cells)
      // The builder has been used before: what it held must leave no trace.
      const builder = new ColumnBuilder(type)
      const used = (): ColumnBuilder => {
        cells.forEach((cell) => builder.pushCell(cell))
        builder.take()
        return builder
      }
      const one = used()
      cells.forEach((_, row) => one.pushFrom(data, row))
      assert.deepStrictEqual(one.take(), data)
      const many = used()
      for (let row = 0; row < cells.length;) {
        const end = Math.min(cells.length, row + 1 + from.int(20))
        many.pushRange(data, row, end)
        row = end
      }
      assert.strictEqual(many.length, cells.length)
      assert.deepStrictEqual(many.take(), data)
      const logged = used()
      const log = Buffer.concat(cells.map((cell) => cellBytes(type, cell)))
      let at = 0
      cells.forEach(() => {
        at = logged.pushEncoded(log, at)
      })
      assert.strictEqual(at, log.length)
      assert.deepStrictEqual(logged.take(), data)
    }
  )

  holds("values picked in any order are those cells", ({ cells, from, type }) => {
    const data = encodeColumn(type, cells)
    const rows = cells.map(() => from.int(cells.length))
    const builder = new ColumnBuilder(type)
    rows.forEach((row) => builder.pushFrom(data, row))
    assert.deepStrictEqual(builder.take(), encodeColumn(type, rows.map((row) => cells[row]!)))
  })

  holds("the size is given by the values, not by the way they came", ({ cells, type }) => {
    const [pushed, copied] = [new ColumnBuilder(type), new ColumnBuilder(type)]
    cells.forEach((cell) => pushed.pushCell(cell))
    copied.pushRange(encodeColumn(type, cells), 0, cells.length)
    assert.strictEqual(pushed.byteLength, copied.byteLength)
  })

  holds("Arrow reads the same values", async ({ cells, type }) => {
    const arrow = await import("apache-arrow")
    const encode = await chunkEncoder([{ name: "x", type }])
    const column = arrow.tableFromIPC(encode([encodeColumn(type, cells)], cells.length)).getChild("x")!
    assert.deepStrictEqual(Array.from(column, (value) => fromArrow(type, value)), cells.map(normal))
  })

  it.each<[ColumnType, ReadonlyArray<Cell>, number, string]>([
    [{ kind: "string", nullable: false }, ["a", null], 1, "null is not a string"],
    [{ kind: "int64", nullable: true }, [1, 2, 2 ** 53], 2, "number 9007199254740992 is not a int64 or null"],
    [
      { kind: "list", nullable: false, item: { kind: "bool", nullable: false } },
      [[], [true, "x"]],
      1,
      "string x is not a bool"
    ],
    [
      { kind: "struct", nullable: false, fields: [{ name: "a", type: { kind: "string", nullable: true } }] },
      [{ a: null }, {}],
      1,
      "nothing is not a string or null"
    ]
  ])("says which row it refused and why: %o", (type, cells, row, found) => {
    const builder = new ColumnBuilder(type)
    try {
      cells.forEach((cell) => builder.pushCell(cell))
      assert.fail("nothing was refused")
    } catch (error) {
      assert.instanceOf(error, CellRefused)
      assert.deepStrictEqual([error.row, error.found], [row, found])
    }
  })

  it("refuses a null from a column or a log where it may hold none", () => {
    const data = encodeColumn({ kind: "string", nullable: true }, ["a", null])
    const builder = new ColumnBuilder({ kind: "string", nullable: false })
    assert.throws(() => builder.pushRange(data, 0, 2), CellRefused)
    assert.throws(
      () => new ColumnBuilder({ kind: "bool", nullable: false }).pushEncoded(new Uint8Array([0]), 0),
      CellRefused
    )
  })

  it("copies what stands below a null, not what it is told to", () => {
    const type: ColumnType = { kind: "list", nullable: true, item: { kind: "int32", nullable: false } }
    const strange = {
      ...encodeColumn(type, [[1, 2], [3], [4]]),
      validity: new Uint8Array([0b101]) // the second list is null and has an item all the same
    }
    const builder = new ColumnBuilder(type)
    builder.pushRange(strange, 0, 3)
    assert.deepStrictEqual(builder.take(), encodeColumn(type, [[1, 2], null, [4]]))
  })
})

/** A value of Arrow's reader as a cell. */
const fromArrow = (type: ColumnType, value: any): Cell => {
  if (value === null) return null
  switch (type.kind) {
    case "int64":
      return Number(value)
    case "list":
      return Array.from(value, (item) => fromArrow(type.item, item))
    case "struct":
      return Object.fromEntries(type.fields.map((field) => [field.name, fromArrow(field.type, value[field.name])]))
    default:
      return value
  }
}
