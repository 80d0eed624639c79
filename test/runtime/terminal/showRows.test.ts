/** Rows for reading: what is shown, what is said to be cut, and that no text of a model acts on the terminal. */
import { assert, describe, it } from "vitest"
import { type Rows, showRow, showRows } from "../../../runtime/terminal/showRows.ts"
import { displayWidth } from "../../../runtime/terminal/text.ts"

const answer = "First, the user asks.\n\n  - a point that goes on until it must be wrapped\n\x1b[31m😀d\u202e"

const rows: Rows = {
  names: ["id", "sample", "score", "answer", "meta"],
  columns: {
    id: ["p1", "p2"],
    sample: [0, 11],
    score: [0.1 + 0.2, null],
    answer: [answer, "ok"],
    meta: [{ a: 1n, b: "x\ny" }, ["z", null, true]]
  },
  rows: 4800
}

describe("showRows", () => {
  it("lists rows with cut cells and says what is cut and how long it is", () => {
    assert.strictEqual(
      showRows(rows, { width: 80, limit: 2 }),
      `
id  sample  score  answer                                   meta
p1       0    0.3  First, the user asks.↵↵  - a point tha…  {"a":"1","b":"x\\ny"}
p2      11   null  ok                                       ["z",null,true]
2 of 4,800 rows
cut: answer (up to 81 characters)`.slice(1)
    )
  })

  it("says which columns do not fit", () => {
    assert.strictEqual(
      showRows(rows, { width: 30, limit: 1 }),
      `
id  sample  score  answer
p1       0    0.3  First, the…
1 of 4,800 rows
cut: answer (up to 81
characters)
not shown: meta`.slice(1)
    )
  })

  it("gives the full length of wide texts and of lists", () => {
    const list = Array.from({ length: 3000 }, () => 7)
    const wide: Rows = { names: ["text", "list"], columns: { text: ["你好世界你好世界"], list: [list] }, rows: 1 }
    assert.strictEqual(
      showRows(wide, { width: 20 }).split("\n").slice(2).join(" "),
      "1 row cut: text (up to 8 characters), list (up to 6,001 characters)"
    )
  })

  it("cuts nothing where there is room, and shows all rows unless told", () => {
    const small: Rows = { names: ["n"], columns: { n: [1, 2n, 2.5] }, rows: 3 }
    assert.strictEqual(showRows(small, { width: 80 }), "  n\n  1\n  2\n2.5\n3 rows")
    assert.strictEqual(showRows({ names: ["n"], columns: { n: [] }, rows: 0 }, { width: 80, limit: 20 }), "n\n0 rows")
  })
})

describe("showRow", () => {
  it("shows a row in full, long texts wrapped below their names", () => {
    const row = { id: "p1", score: 0.1 + 0.2, none: null, answer, meta: { b: "x\ny" }, bytes: new Uint8Array([1, 255]) }
    assert.strictEqual(
      showRow(row, { width: 40 }),
      `
id      p1
score   0.30000000000000004
none    null
answer
  81 characters
  First, the user asks.

    - a point that goes on until it must
    be wrapped
  ␛[31m😀d\\u{202e}
meta
  {
    "b": "x\\ny"
  }
bytes   0x01ff (2 bytes)`.slice(1)
    )
  })

  it("aligns short values and leaves out nothing, whatever the width", () => {
    const long = "word ".repeat(400) + "x".repeat(500) + "你好".repeat(200)
    for (const width of [10, 33, 80]) {
      const lines = showRow({ id: "p1", text: long }, { width }).split("\n")
      for (const line of lines) assert.isAtMost(displayWidth(line), width)
      assert.strictEqual(lines[0], "id    p1")
      assert.strictEqual(
        lines.slice(lines.findIndex((line) => line.includes("word"))).join("").replaceAll(" ", ""),
        long.replaceAll(" ", "")
      )
    }
  })
})

describe("hostile cells", () => {
  const hostile = "\x1b]0;title\x07\x1b[2J\x9b31m\r\u202e\u200b\u{e0041}\b"

  it("reach the terminal spelled out, in names, texts, lists and objects", () => {
    const cells = { text: hostile, list: [hostile], object: { [hostile]: hostile }, [hostile]: hostile }
    const names = Object.keys(cells)
    const columns = Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, [cell]]))
    for (const width of [20, 80, 400]) {
      for (const text of [showRow(cells, { width }), showRows({ names, columns, rows: 1 }, { width })]) {
        assert.notMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}\u200b\u{e0041}]/u)
      }
    }
  })
})
