/** Tables: lines by hand at several widths, and that no line is ever longer than the terminal. */
import { assert, describe, it } from "vitest"
import { fit, type Table, table } from "../../../runtime/terminal/table.ts"
import { displayWidth } from "../../../runtime/terminal/text.ts"

const plan: Table = {
  columns: [
    { header: "NODE", min: 6 },
    { header: "WHY", min: 8, drop: 2 },
    { header: "ROWS", align: "right" },
    { header: "COST", align: "right", drop: 1 }
  ],
  rows: [
    ["rollout", "", "4800", "$0"],
    ["critique", "clause C3 changed", "62", "$1.20"]
  ]
}

describe("table", () => {
  it("aligns cells and ends lines without spaces", () => {
    assert.deepStrictEqual(table(plan, { width: 60 }), [
      "NODE      WHY                ROWS   COST",
      "rollout                      4800     $0",
      "critique  clause C3 changed    62  $1.20"
    ])
    assert.deepStrictEqual(table({ columns: [{}, {}], rows: [["x", ""], ["yy", "z"]] }, { width: 60 }), ["x", "yy  z"])
  })

  it("cuts cells to their minimum, then drops columns in their order, then cuts on", () => {
    assert.deepStrictEqual(table(plan, { width: 34 }), [
      "NODE      WHY          ROWS   COST",
      "rollout                4800     $0",
      "critique  clause C3 …    62  $1.20"
    ])
    assert.strictEqual(table(plan, { width: 29 })[2], "criti…  clause …    62  $1.20")
    assert.strictEqual(table(plan, { width: 28 })[2], "critique  clause C3 c…    62")
    assert.strictEqual(table(plan, { width: 21 })[2], "critique    62")
    assert.strictEqual(table(plan, { width: 9 })[2], "cr…    62")
    assert.deepStrictEqual(table(plan, { width: 3 }), ["NO…", "ro…", "cr…"])
  })

  it("cuts names in the middle where told", () => {
    const names: Table = {
      columns: [{ cut: "middle" }],
      rows: [["verifySft[fraction=0.05]"], ["verifySft[fraction=0.25]"]]
    }
    assert.deepStrictEqual(table(names, { width: 15 }), ["verif…ion=0.05]", "verif…ion=0.25]"])
  })

  it("measures wide characters and makes hostile cells harmless", () => {
    const cells: Table = { columns: [{}, {}], rows: [["你好", "a"], ["\x1b[2Jx\n", "b"]] }
    assert.deepStrictEqual(table(cells, { width: 40 }), ["你好    a", "␛[2Jx↵  b"])
  })

  it("styles finished cells by their place, the header as row -1", () => {
    const style = (text: string, { column, row }: { readonly row: number; readonly column: number }) =>
      `${row}:${column}<${text}>`
    assert.deepStrictEqual(table({ columns: [{ header: "A" }, {}], rows: [["x", "y"]] }, { width: 40, style }), [
      "-1:0<A>",
      "0:0<x>  0:1<y>"
    ])
  })

  it("refuses a row of another length", () => {
    assert.throws(() => table({ columns: [{}, {}], rows: [["x", "y"], ["z"]] }, { width: 40 }), "row 1 has 1 cells")
  })

  it("never exceeds the width, whatever the cells", () => {
    const texts = ["", "a", "0123456789", "你好世界你好世界", "👩‍👩‍👧👩‍👩‍👧", "\x1b[31m\n\t", "x".repeat(3000)]
    for (let seed = 0; seed < 40; seed++) {
      const text = (i: number) => texts[(seed * 7 + i * 3 + (seed * i) % 5) % texts.length]!
      const columns = Array.from({ length: 1 + seed % 6 }, (_, i) => ({
        ...(seed % 3 === 0 ? {} : { header: text(i + 1) }),
        ...(i % 2 === 0 ? { drop: i } : {}),
        ...(i % 3 === 0 ? {} : { min: 4 })
      }))
      const rows = Array.from({ length: 4 }, (_, row) => columns.map((_, column) => text(row * 5 + column)))
      for (const width of [1, 2, 5, 10, 30, 60, 120]) {
        for (const line of table({ columns, rows }, { width })) assert.isAtMost(displayWidth(line), width)
        assert.isNotEmpty(fit({ columns, rows }, width))
      }
    }
  })
})
