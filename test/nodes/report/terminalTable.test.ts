/** Tables for a terminal: exact lines of small ones, and that no line is ever wider than the terminal. */
import { assert, describe, it } from "vitest"
import { type TerminalTable, terminalTable } from "../../../nodes/report/terminalTable.ts"
import { clip, displayWidth, visible } from "../../../nodes/report/terminalText.ts"

const plan: TerminalTable = {
  columns: [
    { header: "NODE" },
    { header: "STATE" },
    { header: "WHY", optional: true },
    { header: "ROWS", align: "right" },
    { header: "COST", align: "right", optional: true }
  ],
  rows: [
    ["rollout", "fresh", "", "4800", "$0.00"],
    ["critique", "stale", "clause C3 changed", "62", "$1.20"]
  ]
}

const lines = (table: TerminalTable, width: number) => terminalTable(table, { width }).split("\n")

describe("terminalTable", () => {
  it("aligns columns and leaves no space at the end of a line", () => {
    assert.deepStrictEqual(lines(plan, 80), [
      "NODE      STATE  WHY                ROWS   COST",
      "rollout   fresh                     4800  $0.00",
      "critique  stale  clause C3 changed    62  $1.20"
    ])
    assert.deepStrictEqual(lines({ columns: [{ header: "A" }, { header: "B" }], rows: [["x", ""]] }, 80), ["A  B", "x"])
  })

  it("drops optional columns, the last first, before it cuts anything", () => {
    assert.strictEqual(lines(plan, 47)[2], "critique  stale  clause C3 changed    62  $1.20")
    assert.strictEqual(lines(plan, 46)[2], "critique  stale  clause C3 changed    62")
    assert.strictEqual(lines(plan, 39)[2], "critique  stale    62")
    assert.deepStrictEqual(lines(plan, 18), ["NODE   STATE  ROWS", "roll…  fresh  4800", "crit…  stale    62"])
  })

  it("cuts a column to its minimum before it drops another", () => {
    const rows: TerminalTable = {
      columns: [{ header: "ID" }, { header: "PROMPT", min: 8 }, { header: "VERDICT", optional: true }],
      rows: [["1", "a prompt that is rather long", "unsafe"]]
    }
    assert.deepStrictEqual(lines(rows, 30), ["ID  PROMPT             VERDICT", "1   a prompt that is…  unsafe"])
    assert.deepStrictEqual(lines(rows, 21), ["ID  PROMPT    VERDICT", "1   a promp…  unsafe"])
    assert.deepStrictEqual(lines(rows, 20), ["ID  PROMPT", "1   a prompt that i…"])
  })

  it("never exceeds the width nor adds a line, and is plain without a style", () => {
    const texts = [
      "",
      "x",
      "two words",
      "日本語のテキスト",
      "👩‍👩‍👧 family",
      "e\u0301\u0301",
      "a\nb\tc",
      "\u001b[31mred\u001b[0m"
    ]
    for (let width = 1; width <= 60; width++) {
      const table: TerminalTable = {
        columns: texts.slice(0, 5).map((header, i) => ({
          header,
          optional: i === 3,
          align: i % 2 === 0 ? "left" : "right",
          ...(i === 2 ? { min: 3 } : {})
        })),
        rows: texts.map((_, row) => texts.slice(0, 5).map((_, i) => texts[(row + i) % texts.length]!.repeat(3)))
      }
      const printed = lines(table, width)
      assert.strictEqual(printed.length, texts.length + 1)
      for (const line of printed) {
        assert.isAtMost(displayWidth(line), width)
        assert.notMatch(line, /\p{Cc}/u)
      }
    }
  })

  it("styles finished cells by their place", () => {
    const styled = terminalTable({ columns: [{ header: "A" }, { header: "B" }], rows: [["x", "1"]] }, {
      width: 20,
      style: (text, { column, row }) => row === -1 ? `<${text}>` : column === 1 ? `{${text}}` : text
    })
    assert.strictEqual(styled, "<A>  <B>\nx  {1}")
  })

  it("refuses a row with a cell missing", () => {
    assert.throws(() => terminalTable({ columns: plan.columns, rows: [["x"]] }, { width: 80 }), /row 0 has 1 cells.*5/u)
  })
})

describe("terminalText", () => {
  it("measures and cuts wide and combined characters", () => {
    assert.deepStrictEqual(["abc", "日本", "e\u0301", "👩‍👩‍👧", "ｶﾅ", "カナ", "a\u200b"].map(displayWidth), [
      3,
      4,
      1,
      2,
      2,
      4,
      1
    ])
    assert.deepStrictEqual([4, 3, 2, 1, 0].map((width) => clip("日本", width)), ["日本", "日…", "…", "…", ""])
    assert.deepStrictEqual(["abcd", "abc"].map((text) => clip(text, 3)), ["ab…", "abc"])
  })

  it("makes texts harmless", () => {
    assert.strictEqual(visible("a\r\n\tb\u001b[2J\u001b]0;title\u0007\u202ec\u0000"), "a bc")
    assert.strictEqual(visible("\u001b]8;;http://a.b\u001b\\link\u001b]8;;\u001b\\\u001b[ "), "link[ ")
    assert.strictEqual(visible("\u001bcreset \u009b31m"), "reset ")
  })
})
