/** Rows that share an id are found, whatever their ids are made of, and no others. */
import { assert, describe, it } from "@effect/vitest"
import { encodeColumn } from "../../cache/ColumnBuilder.ts"
import type { Cell, ColumnType } from "../../cache/Columns.ts"
import { DistinctIds } from "../../cache/DistinctIds.ts"
import { cellBytes, random, randomCell, randomType } from "./support/randomTables.ts"

const add = (ids: DistinctIds, types: ReadonlyArray<ColumnType>, columns: ReadonlyArray<ReadonlyArray<Cell>>) =>
  ids.add(types.map((type, k) => encodeColumn(type, columns[k]!)), columns[0]!.length)

const text: ColumnType = { kind: "string", nullable: true }

describe("DistinctIds", () => {
  it("agrees with a set, for ids of any columns in chunks of any size", () => {
    for (let seed = 0; seed < 150; seed++) {
      const from = random(seed)
      const types = Array.from({ length: 1 + from.int(3) }, () => randomType(from))
      const rows = Array.from({ length: from.int(12) }, () => types.map((type) => randomCell(from, type)))
      const ids = new DistinctIds()
      const seen = new Map<string, Array<number>>()
      const expected: Array<{ first: number; second: number }> = []
      rows.forEach((row, index) => {
        const id = Buffer.concat(row.map((cell, k) => cellBytes(types[k]!, cell))).toString("latin1")
        const before = seen.get(id) ?? []
        before.forEach((first) => expected.push({ first, second: index }))
        seen.set(id, [...before, index])
      })
      for (let row = 0; row < rows.length;) {
        const chunk = rows.slice(row, row + 1 + from.int(5))
        add(ids, types, types.map((_, k) => chunk.map((each) => each[k]!)))
        row += chunk.length
      }
      const byRows = (a: { first: number; second: number }, b: typeof a) => a.second - b.second || a.first - b.first
      assert.deepStrictEqual([...ids.suspects].sort(byRows), expected.sort(byRows), `seed ${seed}`)
      assert.strictEqual(ids.rows, rows.length)
    }
  })

  it("tells apart ids whose columns join to the same text, and null from no text", () => {
    const ids = new DistinctIds()
    add(ids, [text, text], [["ab", "a", "", null, null], ["c", "bc", null, "", null]])
    assert.deepStrictEqual(ids.suspects, [])
  })

  it("finds the one pair among a hundred thousand alike ids", () => {
    const ids = new DistinctIds()
    const rows = 100_000
    const all = Array.from({ length: rows }, (_, i) => `row-${i}`)
    all[70_001] = "row-31"
    for (let first = 0; first < rows; first += 8192) add(ids, [text], [all.slice(first, first + 8192)])
    assert.deepStrictEqual(ids.suspects, [{ first: 31, second: 70_001 }])
  })

  it("stops counting where everything is the same", () => {
    const ids = new DistinctIds()
    add(ids, [text], [Array.from({ length: 50_000 }, () => "same")])
    assert.strictEqual(ids.suspects.length, 64)
    assert.deepStrictEqual(ids.suspects[0], { first: 0, second: 1 })
    assert.strictEqual(ids.rows, 50_000)
  })
})
