/** Widths, cutting and wrapping of texts: values by hand, and that nothing acts on the terminal or exceeds a width. */
import { assert, describe, it } from "vitest"
import { cut, cutMiddle, cutVisible, displayWidth, flow, pad, visible, wrap } from "../../../runtime/terminal/text.ts"

const samples = [
  "",
  "plain text",
  "你好，世界",
  "e\u0301tude",
  "👩‍👩‍👧 family 🇩🇪 flag ❤️",
  "a\x1b[31mred\x1b[0m\tb\r\nc",
  "한국어 テキスト ﾊﾝｶｸ",
  "x".repeat(5000),
  "你".repeat(5000)
]

describe("displayWidth", () => {
  it("counts columns of the terminal", () => {
    assert.strictEqual(displayWidth("abc"), 3)
    assert.strictEqual(displayWidth("你好"), 4)
    assert.strictEqual(displayWidth("e\u0301"), 1)
    assert.strictEqual(displayWidth("ﾊﾝ"), 2)
    assert.strictEqual(displayWidth("🇩🇪"), 2)
    assert.strictEqual(displayWidth("✓ ━─… ⠋"), 7)
  })

  it("takes the larger width where terminals disagree", () => {
    assert.strictEqual(displayWidth("❤"), 1)
    assert.strictEqual(displayWidth("❤\ufe0f"), 2)
    assert.strictEqual(displayWidth("👩‍👧"), 4)
  })
})

describe("cut", () => {
  it("ends in an ellipsis where something is missing", () => {
    assert.strictEqual(cut("abcdef", 6), "abcdef")
    assert.strictEqual(cut("abcdef", 5), "abcd…")
    assert.strictEqual(cut("abcdef", 1), "…")
    assert.strictEqual(cut("abcdef", 0), "")
    assert.strictEqual(cut("你好世界", 5), "你好…")
    assert.strictEqual(cut("你好世界", 6), "你好…")
    assert.strictEqual(cut("e\u0301e\u0301e\u0301", 2), "e\u0301…")
  })

  it("says so where marks without width hide how long a text is", () => {
    assert.isTrue(cut(`e${"\u0301".repeat(10_000)}x`, 4).endsWith("…"))
  })

  it("keeps the end of a name, where siblings differ", () => {
    assert.strictEqual(cutMiddle("verifySft[fraction=0.25]", 15), "verif…ion=0.25]")
    assert.strictEqual(cutMiddle("verifySft[fraction=0.25]", 24), "verifySft[fraction=0.25]")
    assert.strictEqual(cutMiddle("abcdef", 2), "a…")
  })

  it("never exceeds a width", () => {
    for (const text of samples.map(visible)) {
      for (let width = 0; width < 30; width++) {
        for (
          const short of [
            cut(text, width),
            cutMiddle(text, width),
            cutVisible(text, width),
            cutVisible(text, width, "middle")
          ]
        ) {
          assert.isAtMost(displayWidth(short), width)
          if (displayWidth(text) <= width) assert.strictEqual(short, text)
        }
      }
    }
  })
})

describe("visible", () => {
  it("spells out what acts or hides", () => {
    assert.strictEqual(visible("a\x1b[31mb\x07"), "a␛[31mb␇")
    assert.strictEqual(visible("a\nb\r\tc\x7f"), "a↵b␍␉c␡")
    assert.strictEqual(visible("\x9b31m"), "\\u{9b}31m")
    assert.strictEqual(visible("abc\u202edef"), "abc\\u{202e}def")
    assert.strictEqual(visible("\u{e0041}\u200b\u2028"), "\\u{e0041}\\u{200b}\\u{2028}")
    assert.strictEqual(visible("\ud800"), "\\u{d800}")
  })

  it("leaves writing alone", () => {
    for (const text of ["naïve — “quoted”", "你好", "👩‍👧 ❤️", "हिन्दी", "می‌خواهم"]) {
      assert.strictEqual(visible(text), text)
    }
  })

  it("leaves no control character anywhere, and nothing to do a second time", () => {
    for (let code = 0; code < 0x300; code++) {
      const text = visible(String.fromCodePoint(code))
      assert.notMatch(text, /\p{Cc}/u)
      assert.strictEqual(visible(text), text)
    }
  })
})

describe("wrap", () => {
  it("breaks at line feeds, at spaces, and within words that are too long", () => {
    assert.deepStrictEqual(wrap("the quick brown fox", 10), ["the quick", "brown fox"])
    assert.deepStrictEqual(wrap("a\n\nb", 10), ["a", "", "b"])
    assert.deepStrictEqual(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"])
    assert.deepStrictEqual(wrap("to abcdefghij", 4), ["to", "abcd", "efgh", "ij"])
    assert.deepStrictEqual(wrap("你好世界", 5), ["你好", "世界"])
    assert.deepStrictEqual(wrap("  - a point that goes on", 12), ["  - a point", "  that goes", "  on"])
    assert.deepStrictEqual(wrap("你好", 1), ["你", "好"])
    assert.deepStrictEqual(wrap("\tx\x1b", 10), ["  x␛"])
  })

  it("loses nothing but spaces, and never exceeds the width", () => {
    for (const text of samples) {
      for (const width of [7, 20, 80]) {
        const lines = wrap(text, width)
        for (const line of lines) assert.isAtMost(displayWidth(line), width)
        const seen = text.split("\n").map((line) => visible(line.replaceAll("\t", "  "))).join("")
        assert.strictEqual(lines.join("").replaceAll(" ", ""), seen.replaceAll(" ", ""))
      }
    }
  })
})

describe("pad and flow", () => {
  it("fill to a width and break between fields", () => {
    assert.strictEqual(pad("你", 4), "你  ")
    assert.strictEqual(pad("7", 3, "right"), "  7")
    assert.deepStrictEqual(flow(["ab", "cd", "ef"], 6), ["ab  cd", "  ef"])
    assert.deepStrictEqual(flow(["ab", "cd", "ef"], 10), ["ab  cd  ef"])
    assert.deepStrictEqual(flow([], 10), [])
  })
})
